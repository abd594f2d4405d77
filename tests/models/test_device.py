"""The device that models run on, and their precision."""

import pytest
import torch

from listill.errors import UserError
from listill.models.device import device, move, wants_bf16


def test_precision() -> None:
    assert wants_bf16("bf16", torch.device("cpu"))
    assert not wants_bf16("fp32", torch.device("cpu"))


@pytest.mark.parametrize("available", [True, False])
def test_the_gpu_is_used_if_there_is_one(available: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert device().type == ("cuda" if available else "cpu")


@pytest.mark.parametrize("supported", [True, False])
def test_auto_is_bf16_if_the_hardware_supports_it(supported: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: supported)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": supported})
    for target in ("cuda", "cpu"):
        assert wants_bf16("auto", torch.device(target)) == supported


@pytest.mark.parametrize(
    ("name", "amx", "expected"),
    [("Intel Xeon", False, False), ("Intel Xeon", True, True), ("AMD EPYC", False, True), (None, False, True)],
)
def test_intel_needs_amx(name: str | None, amx: bool, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """AVX-512 alone computes bf16 more slowly than float32 on such a processor."""
    capabilities = {"avx512_bf16": True, "amx_bf16": amx, "cpu_name": name}
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert wants_bf16("auto", torch.device("cpu")) == expected


def test_emulated_bf16_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A V100 or T4: PyTorch emulates bf16, more slowly than it computes in float32."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert not wants_bf16("auto", torch.device("cuda"))
    assert wants_bf16("bf16", torch.device("cuda"))


def test_weights_that_do_not_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_out_of_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("simulated")

    model = torch.nn.Linear(1, 1)
    move(model, "m", torch.device("cpu"))
    monkeypatch.setattr(model, "to", raise_out_of_memory)
    with pytest.raises(UserError, match=r"^model m: its weights do not fit into GPU memory; use a smaller model"):
        move(model, "m", torch.device("cpu"))
