"""Exact search. Documents are always ranked by score, then by doc_id.

Documents are searched in blocks of rows, so that a matrix that is mapped from a file is read once for all queries. The
best documents of each query are kept from block to block.
"""

from collections.abc import Iterator

import numpy as np

from listill.errors import UserError

# Bytes of the documents that are searched at a time.
BLOCK_BYTES = 1 << 30
# Extra documents that are retrieved beyond k, since documents with equal scores at the cutoff are found in any order.
SLACK = 16


class NotFinite(UserError):
    """An embedding contains NaN or infinity."""


def top_k(scores: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the k best of ``documents`` and their scores, ordered by score (descending), then doc_id.

    ``documents`` [n] or [queries, n] are positions and ``scores`` their scores; ``id_order[i]`` is the rank of the doc_id
    of document i.
    """
    order = np.lexsort((id_order[documents], -scores))[..., :k]
    return np.take_along_axis(documents, order, -1), np.take_along_axis(scores, order, -1)


def check_finite(embeddings: np.ndarray) -> None:
    """Raise NotFinite if an embedding contains NaN or infinity."""
    if not np.isfinite(embeddings).all():
        raise NotFinite(
            "an embedding is not a number: its model is broken or the training diverged; try precision: fp32"
        )


def search(
    queries: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Search ``documents`` [m, d] exactly, by inner product, for each of ``queries`` [n, d]; on the GPU if there is one.

    Returns n arrays of at most k document positions, and their scores. Raises NotFinite if an embedding is not finite.
    Beside the queries and a block of documents, 16 * n * (k + SLACK) bytes are in memory.
    """
    from listill.models.device import device
    from listill.retrieval.nearest import nearest

    check_finite(queries)
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    wide = min(k + SLACK, len(documents))
    scores = np.empty((len(queries), 0), np.float32)
    positions = np.empty((len(queries), 0), np.int64)
    for start, block in blocks(documents):
        check_finite(block)
        found, found_scores = nearest(queries, block, min(wide, len(block)), device())
        if scores.shape[1]:
            found = np.concatenate([positions, found + start], axis=1)
            found_scores = np.concatenate([scores, found_scores], axis=1)
            found, found_scores = top_k(found_scores, found, wide, id_order)
        positions, scores = found, found_scores
    positions, scores = top_k(scores, positions, k, id_order)
    return list(positions), list(scores)


def blocks(documents: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (start, float32 rows from ``start`` on) of blocks of at most ``BLOCK_BYTES``."""
    rows = max(1, BLOCK_BYTES // (4 * documents.shape[1]))
    for start in range(0, len(documents), rows):
        yield start, np.ascontiguousarray(documents[start : start + rows], dtype=np.float32)
