"""Exact search, and the one order of ranks: by score, then by doc_id."""

import faiss
import numpy as np

from listill.errors import UserError

QUERY_BLOCK = 1024
# Documents around the cut that FAISS may order by chance if their scores are equal.
SLACK = 16


class NotFinite(UserError):
    """An embedding is not a number."""


def top_k(scores: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the k best of ``documents`` and their scores, ordered by score (descending), then doc_id.

    ``scores`` and ``documents`` [n]; ``id_order[i]`` is the rank of document i's doc_id.
    """
    order = np.lexsort((id_order[documents], -scores))[:k]
    return documents[order], scores[order]


def search(
    queries: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Search ``documents`` [m, d] exactly by inner product for each of ``queries`` [n, d], in blocks of queries.

    Returns n arrays of at most k document positions, and their scores. UserError if an embedding is not finite.
    """
    if not (np.isfinite(queries).all() and np.isfinite(documents).all()):
        raise NotFinite(
            "an embedding is not a number: the model is broken (try precision fp32), or its training diverged"
        )
    found: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    documents = np.ascontiguousarray(documents, dtype=np.float32)
    for start in range(0, len(queries), QUERY_BLOCK):
        block = np.ascontiguousarray(queries[start : start + QUERY_BLOCK], dtype=np.float32)
        similarity, position = faiss.knn(
            block, documents, min(k + SLACK, len(documents)), metric=faiss.METRIC_INNER_PRODUCT
        )
        for row, columns in zip(similarity, position, strict=True):
            best, best_scores = top_k(row, columns, k, id_order)
            found.append(best)
            scores.append(best_scores)
    return found, scores
