"""The best documents of each query by inner product, with PyTorch on any device.

On two cores, this takes a third of the time of FAISS's exact search: benchmarks/README.md#a-million-passages.
"""

import numpy as np
import torch

QUERIES = 1024
# Documents whose products with ``QUERIES`` queries are computed at a time. On a CPU, the products (64 MB) should stay near
# its cache; on a GPU (1 GB) they should keep it busy.
DOCUMENTS = {"cpu": 16_384, "cuda": 262_144}


def nearest(queries: np.ndarray, documents: np.ndarray, k: int, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions (int64) and inner products [n, k] of the k best ``documents`` [m, d] for ``queries`` [n, d].

    They are ordered by their products, equal ones in any order. Products are computed in float32; PyTorch does not use
    TF32 unless it is told to. All documents, and 12 bytes for each product of a block, are in the memory of the device.
    """
    on_device, size = torch.from_numpy(documents).to(device).T, DOCUMENTS[device.type]
    positions, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), QUERIES):
        block = torch.from_numpy(queries[start : start + QUERIES]).to(device)
        best, found = _best_of(block @ on_device[:, :size], k, 0)
        for first in range(size, len(documents), size):
            more, more_found = _best_of(block @ on_device[:, first : first + size], k, first)
            best, order = torch.cat([best, more], dim=1).topk(min(k, best.shape[1] + more.shape[1]), dim=1)
            found = torch.cat([found, more_found], dim=1).gather(1, order)
        positions[start : start + QUERIES], scores[start : start + QUERIES] = found.cpu().numpy(), best.cpu().numpy()
    return positions, scores


def _best_of(products: torch.Tensor, k: int, first: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the best of ``products`` [n, documents] and their positions, counted from ``first``."""
    best, found = products.topk(min(k, products.shape[1]), dim=1)
    return best, found + first
