"""A bi-encoder from its folder. The config comes first, then the folder, then the preset of a known model."""

import logging
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

from listill.errors import UserError
from listill.settings.students import Student

log = logging.getLogger("listill")

# Tokenizers without a limit have a maximum length of 1e30.
UNLIMITED = 1_000_000


def load(student: Student, folder: Path, device: torch.device) -> SentenceTransformer:
    """Return the model in ``folder`` (see ``models.resolve``) in float32, with its prompts and length.

    Raises UserError if it cannot be loaded, or if its folder names another pooling than the settings.
    """
    # Plain attention is faster on a CPU: training took 0.6 times as long as with SDPA (96 tokens, bf16).
    attention = "eager" if device.type == "cpu" else "sdpa"
    weights = {"use_safetensors": True, "dtype": torch.float32, "attn_implementation": attention}
    options: dict[str, Any] = {"device": str(device), "prompts": student.prompts}
    try:
        if (folder / "modules.json").exists():
            trusted = student.trust_remote_code
            model = SentenceTransformer(str(folder), model_kwargs=weights, trust_remote_code=trusted, **options)
        else:
            model = SentenceTransformer(modules=_with_pooling(student, folder, weights), **options)
    except (OSError, ValueError) as error:
        raise UserError(f"model {folder}: cannot be loaded: {str(error).splitlines()[0]}") from None
    _check_pooling(student, folder, model)
    _fill_in(student, model)
    return model


def pooling_of(student: Student) -> str | None:
    """Return the pooling of a transformer without pooling settings, if the config or a preset has one."""
    return student.pooling or (student.preset.pooling if student.preset else None)


def _with_pooling(student: Student, folder: Path, weights: dict[str, Any]) -> list[torch.nn.Module]:
    """Return the modules of a plain transformer: itself, the pooling, and normalisation to length 1."""
    trusted = {"trust_remote_code": student.trust_remote_code}
    transformer = Transformer(
        str(folder), model_kwargs=weights | trusted, processor_kwargs=dict(trusted), config_kwargs=dict(trusted)
    )
    pooling: Any = pooling_of(student)
    return [transformer, Pooling(transformer.get_embedding_dimension(), pooling), Normalize()]


def _check_pooling(student: Student, folder: Path, model: SentenceTransformer) -> None:
    for module in model:
        if isinstance(module, Pooling) and student.pooling and module.pooling_mode != student.pooling:
            raise UserError(
                f"model {folder}: its folder says pooling {module.pooling_mode}, the settings {student.pooling}: leave out "
                "`pooling`, or correct the folder's Pooling config.json"
            )


def _fill_in(student: Student, model: SentenceTransformer) -> None:
    """Give the model the prompts and length of its preset where neither the settings nor its folder have any."""
    known = student.preset
    if known and known.prompts and student.prompts is None and not any(model.prompts.values()):
        for kind, text in known.prompts.items():
            model.prompts[kind] = text
        log.info("model %s: its folder has no prompts; known of it: %s", student.model, known.prompts)
    length = model.max_seq_length
    if student.max_length or (known and known.max_length and (length is None or length > UNLIMITED)):
        model.max_seq_length = student.max_length or known.max_length  # type: ignore[union-attr]
