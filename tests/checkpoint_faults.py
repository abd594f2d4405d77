"""Teachers of each kind with a model, and the messages that refuse a checkpoint."""

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from listill.errors import UserError
from listill.models import checkpoint
from plain_rerankers import member

CROSS = {"kind": "cross_encoder", "max_length": 128}
T5 = {"kind": "t5", "format": "rankt5"}
CAUSAL = {"kind": "causal", "format": "bge-gemma"}


def fault(folder: Path | str, **settings: Any) -> str:
    """Return the message that refuses a checkpoint: one line that begins with the model."""
    with pytest.raises(UserError) as caught:
        checkpoint.load(member(model=str(folder), precision="fp32", **settings))
    assert str(caught.value).startswith(f"model {folder}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def without(folder: Path, part: str) -> Path:
    """Remove the weights whose names contain ``part`` from a checkpoint."""
    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if part not in name}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    return folder
