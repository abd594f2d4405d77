"""A reranker's checkpoint, loaded and checked: nothing about it is guessed, and no part of it is left random."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from listill import families
from listill.errors import UserError
from listill.models.locate import identity, resolve_transformer
from listill.models.model_settings import ModelSettings

log = logging.getLogger("listill")


@dataclass(frozen=True)
class Checkpoint:
    """A model on its device, ready to score, and its tokenizer."""

    model: Any
    tokenizer: Any
    device: torch.device
    bf16: bool


def inspect(settings: ModelSettings) -> str:
    """Return the identity of the model (see ``locate.identity``); it is downloaded here.

    Raises UserError for one that is missing or of another kind: before another model has worked for hours.
    """
    folder = resolve_transformer(settings.model, settings.revision)
    _check_kind(folder, settings)
    return identity(folder)


def load(settings: ModelSettings) -> Checkpoint:
    """Load the model and tokenizer of a teacher by its backend.

    Raises UserError if it is not there, is of another kind, is incomplete (transformers would fill in random weights), or
    reads fewer tokens than ``max_length``.
    """
    folder = resolve_transformer(settings.model, settings.revision)
    _check_kind(folder, settings)
    loaded: Checkpoint = families.load("backends", settings.backend).load(settings, folder)
    _check_length(loaded.model.config, loaded.tokenizer, settings)
    computed = "bf16" if loaded.bf16 else "fp32"
    log.info("teacher %s: kind %s, %s on %s", settings.model, settings.kind, computed, loaded.device)
    return loaded


def _check_kind(folder: Path, settings: ModelSettings) -> None:
    model, kind = settings.model, settings.kind
    try:
        config = json.loads((folder / "config.json").read_text())
    except json.JSONDecodeError:
        raise UserError(f"model {model}: {folder / 'config.json'} is broken; download the model again") from None
    own_code = config.get("auto_map") and config.get("model_type") not in transformers.CONFIG_MAPPING
    if own_code and not settings.trust_remote_code:
        raise UserError(
            f"model {model}: runs code of its own: read it, then set trust_remote_code: true and a revision of this teacher"
        )
    names = config.get("architectures")
    if not names:
        raise UserError(f"model {model}: {folder / 'config.json'} names no architecture, so its kind is unknown")
    if names[0].endswith(settings.architecture):
        _check_modules(folder, model)
        return
    right = [other for other in families.names("teachers") if _loads(other, names[0])]
    remedy = f"its kind is {right[0]}" if right else "it has no head that scores a query and a passage"
    raise UserError(f"model {model}: a {names[0]} is no {kind}: {remedy}")


def _loads(kind: str, architecture: str) -> bool:
    """Tell whether teachers of a kind have this architecture."""
    ending = getattr(families.settings_class("teachers", kind), "architecture", "")
    return bool(ending) and architecture.endswith(ending)


def _check_modules(folder: Path, model: str) -> None:
    """Refuse a SentenceTransformers folder that does more than its transformer: that would be left out."""
    if not (folder / "modules.json").exists():
        return
    kinds = [entry["type"].rpartition(".")[2] for entry in json.loads((folder / "modules.json").read_text())]
    if further := [kind for kind in kinds if kind not in ("Transformer", "LogitScore")]:
        raise UserError(f"model {model}: its module {further[0]} is not supported; score the pairs with its own code")


def _check_length(config: Any, tokenizer: Any, settings: ModelSettings) -> None:
    """Refuse a length that the model has no positions for; relative positions, as T5's, have no end."""
    positions = getattr(config, "max_position_embeddings", None)
    if positions and settings.max_length > (limit := min(positions, tokenizer.model_max_length)):
        raise UserError(
            f"model {settings.model}: reads at most {limit} tokens; set max_length (now {settings.max_length}) of this "
            "teacher"
        )
