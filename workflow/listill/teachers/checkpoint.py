"""A reranker's checkpoint, loaded and checked: nothing about it is guessed, and no part of it is left random."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from listill.errors import UserError
from listill.retrieval.encoder import device, wants_bf16
from listill.retrieval.models import identity, resolve_transformer
from listill.settings import Reranker, Teacher

log = logging.getLogger("listill")

# kind: how the names of its architectures end, and the class that loads them.
FAMILIES: dict[str, tuple[str, Any]] = {
    "cross_encoder": ("ForSequenceClassification", transformers.AutoModelForSequenceClassification),
    "t5": ("T5ForConditionalGeneration", transformers.AutoModelForSeq2SeqLM),
    "causal": ("ForCausalLM", transformers.AutoModelForCausalLM),
}


@dataclass(frozen=True)
class Checkpoint:
    """A model on its device, ready to score, and its tokenizer."""

    model: Any
    tokenizer: Any
    device: torch.device
    bf16: bool


def inspect(members: Mapping[str, Teacher]) -> dict[str, str]:
    """Return which model each reranker is (see ``identity``), by the teachers' names; models are downloaded here.

    Raises UserError for one that is missing or of another kind: before any other has worked for hours.
    """
    found = {}
    for name, member in members.items():
        if isinstance(member, Reranker):
            folder = resolve_transformer(member.model, member.revision)
            _check_kind(folder, member)
            found[name] = identity(folder)
    return found


def load(member: Reranker) -> Checkpoint:
    """Load the model and tokenizer of a teacher.

    Raises UserError if it is not there, is of another kind, is incomplete (transformers would fill in random weights), or
    reads fewer tokens than ``max_length``.
    """
    folder = resolve_transformer(member.model, member.revision)
    kind = member.kind
    _check_kind(folder, member)
    where = device()
    bf16 = wants_bf16(member.precision, where)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=member.trust_remote_code)
        model, info = FAMILIES[kind][1].from_pretrained(
            folder,
            dtype=torch.bfloat16 if bf16 else torch.float32,
            use_safetensors=True,
            trust_remote_code=member.trust_remote_code,
            output_loading_info=True,
        )
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError, AttributeError, TypeError) as error:
        raise UserError(f"model {member.model}: cannot be loaded: {_first_line(error)}") from None
    if info["missing_keys"]:
        raise UserError(
            f"model {member.model}: {min(info['missing_keys'])} is not in its weights and would be random: "
            f"not a model that was trained as {kind}"
        )
    _check_length(model.config, tokenizer, member)
    try:
        model.to(where)
    except torch.OutOfMemoryError:
        raise UserError(f"model {member.model}: its weights do not fit into the memory of the GPU") from None
    log.info("teacher %s: kind %s, %s on %s", member.model, kind, "bf16" if bf16 else "fp32", where)
    return Checkpoint(model.eval(), tokenizer, where, bf16)


def _check_kind(folder: Path, member: Reranker) -> None:
    model, kind = member.model, member.kind
    try:
        config = json.loads((folder / "config.json").read_text())
    except json.JSONDecodeError:
        raise UserError(f"model {model}: {folder / 'config.json'} is broken; download the model again") from None
    own_code = config.get("auto_map") and config.get("model_type") not in transformers.CONFIG_MAPPING
    if own_code and not member.trust_remote_code:
        raise UserError(
            f"model {model}: runs code of its own: read it, then set trust_remote_code: true and a revision of this teacher"
        )
    names = config.get("architectures")
    if not names:
        raise UserError(f"model {model}: {folder / 'config.json'} names no architecture, so its kind is unknown")
    if names[0].endswith(FAMILIES[kind][0]):
        _check_modules(folder, model)
        return
    right = [other for other, (ending, _) in FAMILIES.items() if names[0].endswith(ending)]
    remedy = f"its kind is {right[0]}" if right else "it has no head that scores a query and a passage"
    raise UserError(f"model {model}: a {names[0]} is no {kind}: {remedy}")


def _check_modules(folder: Path, model: str) -> None:
    """Refuse a SentenceTransformers folder that does more than its transformer: that would be left out."""
    if not (folder / "modules.json").exists():
        return
    kinds = [entry["type"].rpartition(".")[2] for entry in json.loads((folder / "modules.json").read_text())]
    if further := [kind for kind in kinds if kind not in ("Transformer", "LogitScore")]:
        raise UserError(f"model {model}: its module {further[0]} is not supported; score the pairs with its own code")


def _check_length(config: Any, tokenizer: Any, member: Reranker) -> None:
    """Refuse a length that the model has no positions for; relative positions, as T5's, have no end."""
    positions = getattr(config, "max_position_embeddings", None)
    if positions and member.max_length > (limit := min(positions, tokenizer.model_max_length)):
        raise UserError(
            f"model {member.model}: reads at most {limit} tokens; set max_length (now {member.max_length}) of this teacher"
        )


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
