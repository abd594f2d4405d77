"""The PyTorch backend, which loads models with transformers, or with sentence-transformers if they have modules."""

from pathlib import Path
from typing import Any

import torch
import transformers

from listill.errors import UserError
from listill.models import modules
from listill.models.checkpoint import Checkpoint
from listill.models.device import device, move, wants_bf16
from listill.models.model_settings import ModelSettings


def load(settings: ModelSettings, folder: Path) -> Checkpoint:
    """Return the model, on its device, and its tokenizer.

    Raises UserError if weights are missing or not finite, or do not fit into memory.
    """
    target = device()
    bf16 = wants_bf16(settings.precision, target)
    if modules.is_cross_encoder(folder):
        model, tokenizer = modules.load(folder, settings)
        model.to(torch.bfloat16 if bf16 else torch.float32)
    else:
        model, tokenizer = _load(folder, settings, torch.bfloat16 if bf16 else torch.float32)
    modules.check_finite(model, settings.model)
    move(model, settings.model, target)
    return Checkpoint(model.eval(), tokenizer, target, bf16)


def _load(folder: Path, settings: ModelSettings, dtype: torch.dtype) -> tuple[Any, Any]:
    """Return a model of transformers and its tokenizer."""
    loader: Any = getattr(transformers, settings.auto_class)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=settings.trust_remote_code)
    model, info = loader.from_pretrained(
        folder,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=settings.trust_remote_code,
        output_loading_info=True,
    )
    if info["missing_keys"]:
        raise UserError(
            f"model {settings.model}: its weights lack {min(info['missing_keys'])}, which would be initialised "
            f"randomly; use a model that was trained as {settings.kind}"
        )
    return model, tokenizer
