"""Masks and masked softmax."""

import math

import numpy as np
import pytest
import torch

from listill.training.kernels import masked_entropy, masked_log_softmax, texts_of
from plain_losses import softmax


def test_masked_log_softmax_and_entropy() -> None:
    draw = np.random.default_rng(0)
    scores = draw.normal(scale=20, size=(12, 7))
    mask = draw.random((12, 7)) < 0.5
    mask[:, 2] = True
    log_p = masked_log_softmax(torch.from_numpy(scores), torch.from_numpy(mask)).numpy()
    entropy = masked_entropy(torch.from_numpy(scores), torch.from_numpy(mask)).numpy()
    for row, real, row_log_p, h in zip(scores, mask, log_p, entropy, strict=True):
        p = softmax(row[real].tolist())
        np.testing.assert_allclose(np.exp(row_log_p[real]), p, atol=1e-12)
        assert (row_log_p[~real] == -np.inf).all()
        assert h == pytest.approx(-sum(v * math.log(v) for v in p if v > 0), abs=1e-9)
    assert masked_entropy(torch.zeros(1, 5), torch.tensor([[True] * 4 + [False]])).item() == pytest.approx(math.log(4))


def test_texts_of_lists() -> None:
    lists, mask = torch.tensor([[2, 0, 0], [1, 3, 2]]), torch.tensor([[True, False, False], [True, True, False]])
    assert texts_of(lists, mask, torch.zeros(2, 4)).int().tolist() == [[0, 0, 1, 0], [0, 1, 0, 1]]
