"""Exact search. Documents are always ranked by score, then by doc_id."""

import faiss
import numpy as np

from listill.errors import UserError

QUERY_BLOCK = 1024
# Extra documents that are retrieved beyond k, since FAISS orders documents with equal scores at the cutoff arbitrarily.
SLACK = 16


class NotFinite(UserError):
    """An embedding contains NaN or infinity."""


def top_k(scores: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the k best of ``documents`` and their scores, ordered by score (descending), then doc_id.

    ``documents`` [n] are positions and ``scores`` [n] their scores; ``id_order[i]`` is the rank of the doc_id of
    document i.
    """
    order = np.lexsort((id_order[documents], -scores))[:k]
    return documents[order], scores[order]


def check_finite(embeddings: np.ndarray) -> None:
    """Raise NotFinite if an embedding contains NaN or infinity."""
    if not np.isfinite(embeddings).all():
        raise NotFinite(
            "an embedding is not a number: its model is broken or the training diverged; try precision: fp32"
        )


def search(
    queries: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Search ``documents`` [m, d] exactly, by inner product, for each of ``queries`` [n, d], in blocks of queries.

    Returns n arrays of at most k document positions, and their scores. Raises NotFinite if an embedding is not finite.
    """
    check_finite(queries)
    check_finite(documents)
    positions: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    documents = np.ascontiguousarray(documents, dtype=np.float32)
    for start in range(0, len(queries), QUERY_BLOCK):
        block = np.ascontiguousarray(queries[start : start + QUERY_BLOCK], dtype=np.float32)
        block_scores, block_positions = faiss.knn(
            block, documents, min(k + SLACK, len(documents)), metric=faiss.METRIC_INNER_PRODUCT
        )
        for query_scores, query_positions in zip(block_scores, block_positions, strict=True):
            best, best_scores = top_k(query_scores, query_positions, k, id_order)
            positions.append(best)
            scores.append(best_scores)
    return positions, scores
