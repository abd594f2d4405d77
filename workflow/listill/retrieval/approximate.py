"""Approximate search with an index of FAISS, for corpora of many millions of passages.

The index holds each number of an embedding in 8 bits, a quarter of the memory. Twice as many passages are taken from it as
are needed, and ranked by their exact inner products, which are computed from the embeddings.
"""

from typing import Any

import faiss
import numpy as np

from listill.retrieval.search import blocks, check_finite, search, top_k
from listill.settings.search_index import SearchIndex

# Passages that an index is trained on, per list (FAISS wants 39 to 256), and at least.
PER_LIST, AT_LEAST = 64, 20_000
# Queries that are searched at a time.
QUERIES = 4096


class Approximate:
    """An index over ``documents`` [m, d]. The links of ``hnsw`` depend on the order in which threads add the documents."""

    def __init__(self, documents: np.ndarray, settings: SearchIndex) -> None:
        self.documents = documents
        lists = min(settings.lists or max(1, round(4 * len(documents) ** 0.5)), len(documents))
        shape = f"IVF{lists},SQ8" if settings.method == "ivf" else f"HNSW{settings.links},SQ8"
        index: Any = faiss.index_factory(documents.shape[1], shape, faiss.METRIC_INNER_PRODUCT)
        needed = min(len(documents), max(PER_LIST * lists if settings.method == "ivf" else 0, AT_LEAST))
        sample = np.random.default_rng(0).choice(len(documents), needed, replace=False)
        trained_on = np.ascontiguousarray(documents[np.sort(sample)], np.float32)
        check_finite(trained_on)
        index.train(trained_on)
        for _, block in blocks(documents):
            check_finite(block)
            index.add(block)
        if settings.method == "ivf":
            index.nprobe = min(settings.probes, lists)
        else:
            index.hnsw.efSearch = settings.beam
        self.index = index

    def search(self, queries: np.ndarray, k: int, id_order: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return for each of ``queries`` [n, d] the positions of at most k documents and their inner products."""
        check_finite(queries)
        positions: list[np.ndarray] = []
        scores: list[np.ndarray] = []
        for start in range(0, len(queries), QUERIES):
            block = np.ascontiguousarray(queries[start : start + QUERIES], dtype=np.float32)
            _, found = self.index.search(block, min(2 * k, len(self.documents)))
            for query, row in zip(block, found, strict=True):
                row = row[row >= 0]  # -1: the lists that were searched have fewer documents
                best, best_scores = top_k(self.documents[row] @ query, row, k, id_order)
                positions.append(best)
                scores.append(best_scores)
        return positions, scores

    def recall(self, queries: np.ndarray, k: int, id_order: np.ndarray) -> float:
        """Return the share of the k nearest documents of ``queries`` [n, d] that are found."""
        exact, _ = search(queries, self.documents, k, id_order)
        found, _ = self.search(queries, k, id_order)
        hits = sum(len(np.intersect1d(*pair)) for pair in zip(exact, found, strict=True))
        return hits / max(1, sum(map(len, exact)))
