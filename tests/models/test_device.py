"""On which device and in which precision models compute."""

import pytest
import torch

from listill.models.device import device, wants_bf16


def test_precision() -> None:
    assert wants_bf16("bf16", torch.device("cpu"))
    assert not wants_bf16("fp32", torch.device("cpu"))


@pytest.mark.parametrize("there", [True, False])
def test_a_gpu_if_there_is_one(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device().type == ("cuda" if there else "cpu")


@pytest.mark.parametrize("there", [True, False])
def test_auto_is_bf16_where_the_hardware_computes_it(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: there)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": there})
    for where in ("cuda", "cpu"):
        assert wants_bf16("auto", torch.device(where)) == there
