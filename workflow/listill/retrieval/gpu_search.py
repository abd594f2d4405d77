"""Exact search on a GPU with PyTorch."""

import numpy as np
import torch


def nearest(
    queries: np.ndarray, documents: np.ndarray, k: int, device: torch.device, block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions (int64) and inner products [n, k] of the k best ``documents`` [m, d] for ``queries`` [n, d].

    Products are computed in float32, as on a CPU; PyTorch does not use TF32 unless it is told to. ``block`` * m * 4 bytes
    of scores are in the memory of the device, and twice as many while the best are chosen.
    """
    on_device = torch.from_numpy(documents).to(device).T
    positions, scores = [], []
    for start in range(0, len(queries), block):
        products = torch.from_numpy(queries[start : start + block]).to(device) @ on_device
        best, found = products.topk(k, dim=1)
        scores.append(best.cpu().numpy())
        positions.append(found.cpu().numpy())
    if not positions:
        return np.empty((0, k), np.int64), np.empty((0, k), np.float32)
    return np.concatenate(positions), np.concatenate(scores)
