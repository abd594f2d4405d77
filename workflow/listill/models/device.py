"""The device that models run on, and their precision."""

import torch


def device() -> torch.device:
    """Return the GPU if there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wants_bf16(precision: str, target: torch.device) -> bool:
    """Tell whether to compute in bf16. With precision ``auto``, this is so if the hardware has bf16 arithmetic.

    Older GPUs (V100, T4) emulate it, which is slower than float32 and less precise.
    """
    if precision != "auto":
        return precision == "bf16"
    if target.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.backends.mkldnn.is_available() and bool(torch.cpu.get_capabilities().get("avx512_bf16"))
