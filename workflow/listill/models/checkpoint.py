"""Load the checkpoint of a reranker and check it: its kind is never guessed, and no weight is randomly initialised."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from listill import families
from listill.errors import UserError
from listill.models import modules
from listill.models.locate import identity, resolve_transformer
from listill.models.model_settings import ModelSettings
from listill.models.positions import check_length, positions
from listill.models.readable import check_tokenizer, readable

log = logging.getLogger("listill")


@dataclass(frozen=True)
class Checkpoint:
    """A model in evaluation mode on its device, and its tokenizer."""

    model: Any
    tokenizer: Any
    device: torch.device
    bf16: bool


def inspect(settings: ModelSettings) -> str:
    """Return the identity of the model (see ``locate.identity``). A hub model is downloaded.

    Raises UserError if the model is missing or of another kind, so that the run fails before other models have been
    scoring for hours.
    """
    folder = resolve_transformer(settings.model, settings.revision, settings.onnx)
    with readable(settings.model):
        _check_kind(folder, settings)
        return identity(folder, settings.onnx)


def load(settings: ModelSettings) -> Checkpoint:
    """Load the model and tokenizer of a teacher with its backend.

    Raises UserError if the model is missing, is of another kind, lacks weights (transformers would initialise them
    randomly), or has fewer positions than ``max_length``.
    """
    folder = resolve_transformer(settings.model, settings.revision, settings.onnx)
    with readable(settings.model):
        _check_kind(folder, settings)
        loaded: Checkpoint = families.load("backends", settings.backend).load(settings, folder)
        _check_length(loaded, settings)
        check_tokenizer(loaded.tokenizer, loaded.model, settings.model)
    precision = "onnxruntime" if settings.onnx else "bf16" if loaded.bf16 else "fp32"
    log.info("teacher %s: kind %s, %s on %s", settings.model, settings.kind, precision, loaded.device)
    return loaded


def _check_kind(folder: Path, settings: ModelSettings) -> None:
    model, kind = settings.model, settings.kind
    config = modules.read_json(folder / "config.json", {})
    modules.check_code(folder, model, trust_remote_code=settings.trust_remote_code)
    if modules.is_cross_encoder(folder):
        if not settings.modular:
            raise UserError(f"model {model}: it is a CrossEncoder of several modules; set kind: cross_encoder")
        modules.check_scores(folder, model)
        return
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or not architectures or not isinstance(architectures[0], str):
        raise UserError(
            f"model {model}: {folder / 'config.json'} has no `architectures`, so the kind of the model is unknown; "
            "save the model again with save_pretrained"
        )
    if architectures[0].endswith(settings.architecture):
        _check_modules(folder, model)
        return
    matching = [name for name in families.names("teachers") if _loads(name, architectures[0])]
    fix = f"set kind: {matching[0]}" if matching else "it has no head that scores a query and a passage"
    raise UserError(f"model {model}: its architecture {architectures[0]} is not of kind {kind}; {fix}")


def _loads(kind: str, architecture: str) -> bool:
    """Tell whether teachers of this kind load this architecture."""
    ending = getattr(families.settings_class("teachers", kind), "architecture", "")
    return bool(ending) and architecture.endswith(ending)


def _check_modules(folder: Path, model: str) -> None:
    """Reject a SentenceTransformers folder with modules after the transformer, which would be ignored."""
    if not (folder / "modules.json").exists():
        return
    module_types = [name.rpartition(".")[2] for name in modules.module_types(folder)]
    if unsupported := [name for name in module_types if name not in ("Transformer", "LogitScore")]:
        raise UserError(
            f"model {model}: its module {unsupported[0]} is not supported; score the pairs with the model's own code"
        )


def _check_length(loaded: Checkpoint, settings: ModelSettings) -> None:
    """Reject a ``max_length`` beyond the model's positions. Relative positions, as in T5, have no limit."""
    stated = getattr(loaded.model.config, "max_position_embeddings", None)
    if not stated:
        return
    limit = min(stated, positions(loaded.model) or stated, loaded.tokenizer.model_max_length)
    check_length(settings.model, "teacher", settings.max_length, limit)
