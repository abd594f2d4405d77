"""Attention without padding on a GPU: run with ``pytest -m gpu``."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import tiny_students
from listill.retrieval import unpadded
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
]


@pytest.mark.parametrize("window", [None, 2, 5, 9, 17])
def test_the_kernel_sees_the_tokens_that_the_reference_sees(window: int | None) -> None:
    """All scores are equal, and each value is a unit vector: the output shows which tokens a token attends to."""
    lengths = [40, 24]
    bounds = torch.tensor([0, 40, 64], dtype=torch.int32)
    zeros, values = torch.zeros(1, 1, 64, 64), torch.eye(64)[None, None]

    def visible(device: str, dtype: torch.dtype) -> torch.Tensor:
        tensors = [tensor.to(device, dtype) for tensor in (zeros, zeros, values)]
        output, _ = unpadded.attend(
            torch.nn.Module(),
            *tensors,
            None,
            scaling=1.0,
            sliding_window=window,
            cu_seq_lens_q=bounds.to(device),
            max_length_q=max(lengths),
        )
        return output[0, :, 0].float().cpu()

    expected, computed = visible("cpu", torch.float32), visible("cuda", torch.bfloat16)
    assert torch.equal(computed > 0, expected > 0)
    torch.testing.assert_close(computed, expected, atol=0, rtol=0.01)


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("window", [8, 64])
@pytest.mark.parametrize("make", [tiny_students.modernbert, tiny_students.gemma3])
def test_a_model_with_windows_is_computed_without_padding(
    tmp_path: Path, make: Callable[[Path, int], Path], window: int, trainable: bool
) -> None:
    student = Student(model=str(make(tmp_path / "m", window)), pooling="mean", precision="bf16")
    assert Encoder(student, trainable=trainable).unpadded
