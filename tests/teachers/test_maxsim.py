"""MaxSim against a naive implementation."""

import numpy as np
import torch

from listill.teachers.maxsim import maxsim
from plain_rerankers import naive_maxsim


def test_maxsim_of_matrices_of_any_length() -> None:
    draw = torch.Generator().manual_seed(0)
    # All similarities are negative, so that padding (0) would be the maximum if it were not masked.
    queries = [torch.rand(n, 4, generator=draw) for n in (3, 1, 7, 2)]
    texts = [-torch.rand(n, 4, generator=draw) for n in (5, 2, 1, 9)]
    scores = maxsim(queries, texts)
    assert scores.dtype == torch.float32
    expected = [naive_maxsim(q, t) for q, t in zip(queries, texts, strict=True)]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
