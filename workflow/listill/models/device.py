"""The device that models run on, and their precision."""

import torch

from listill.errors import UserError


def device() -> torch.device:
    """Return the GPU if there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move(model: torch.nn.Module, name: str, target: torch.device) -> None:
    """Move a model to ``target``; UserError, with the ``name`` of the model, if its weights do not fit into memory."""
    try:
        model.to(target)
    except torch.OutOfMemoryError:
        raise UserError(
            f"model {name}: its weights do not fit into GPU memory; use a smaller model or a larger GPU"
        ) from None


def wants_bf16(precision: str, target: torch.device) -> bool:
    """Tell whether to compute in bf16. With precision ``auto``, this is so if the hardware has fast bf16 arithmetic.

    Older GPUs (V100, T4) emulate it, which is slower than float32 and less precise.
    """
    if precision != "auto":
        return precision == "bf16"
    if target.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    cpu = torch.cpu.get_capabilities()
    # Intel's processors need AMX for fast bf16, and some virtual machines hide it. With AVX-512 alone, two cores of a Xeon
    # encoded 79 texts of 96 tokens a second in bf16 and 120 in float32, and trained with 22 and 36 passages a second
    # (all-MiniLM-L6-v2, 27 November 2026).
    slow = "Intel" in str(cpu.get("cpu_name")) and not cpu.get("amx_bf16")
    return torch.backends.mkldnn.is_available() and bool(cpu.get("avx512_bf16")) and not slow
