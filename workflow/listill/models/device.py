"""On which device and in which precision models compute."""

import torch


def device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wants_bf16(precision: str, where: torch.device) -> bool:
    """Tell whether to compute in bf16: as ``precision`` says, or (auto) where the hardware has bf16 arithmetic."""
    if precision != "auto":
        return precision == "bf16"
    if where.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.backends.mkldnn.is_available() and bool(torch.cpu.get_capabilities().get("avx512_bf16"))
