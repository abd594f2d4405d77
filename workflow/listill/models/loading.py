"""Load a bi-encoder from its folder.

The config takes precedence over the model folder, and the model folder over the preset of a known model.
"""

import logging
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

from listill import checksums
from listill.errors import UserError
from listill.models import modules
from listill.models.locate import onnx_file
from listill.models.onnx_model import OnnxModel
from listill.models.positions import check_length, check_limit, positions
from listill.settings.students import Student

log = logging.getLogger("listill")

# A tokenizer without a limit has a maximum length of 1e30; any length above this value counts as unlimited.
UNLIMITED = 1_000_000


def load(student: Student, folder: Path, device: torch.device) -> SentenceTransformer:
    """Return the model in ``folder`` (see ``locate.resolve``) in float32, with its prompts and maximum length.

    Raises UserError if the model cannot be loaded, lacks weights or has some that are not finite, was trained by listill
    and has been changed since, if the settings and the folder define different poolings, or if ``max_length`` is beyond
    the model's positions.
    """
    _check_sums(folder)
    modules.check_code(folder, student.model, trust_remote_code=student.trust_remote_code)
    # Eager attention is faster on a CPU: training took 0.6 times as long as with SDPA (96 tokens, bf16).
    attention = "eager" if device.type == "cpu" else "sdpa"
    model_kwargs = {"use_safetensors": True, "dtype": torch.float32, "attn_implementation": attention}
    options: dict[str, Any] = {"device": str(device), "prompts": student.prompts}
    if (folder / "modules.json").exists():
        options["trust_remote_code"] = student.trust_remote_code
        model = SentenceTransformer(str(folder), model_kwargs=model_kwargs, **options)
    else:
        model = SentenceTransformer(modules=_with_pooling(student, folder, model_kwargs), **options)
    if not student.onnx:
        _check_weights(folder, model, student)
    _check_pooling(student, folder, model)
    _fill_in(student, model)
    _check_length(student, model)
    if student.onnx:  # last, since the ONNX file does not say how many positions the model has
        _run_in_onnxruntime(student, folder, model, student.onnx)
    return model


def pooling_of(student: Student) -> str | None:
    """Return the pooling that the config or the preset sets for a transformer without a pooling module, if any."""
    return student.pooling or (student.preset.pooling if student.preset else None)


def _check_sums(folder: Path) -> None:
    """Reject a folder that listill has written and that has been changed since."""
    if (
        (folder / checksums.SUMS).exists()
        and (folder / "listill.json").exists()
        and (fault := checksums.damage(folder))
    ):
        raise UserError(f"model {folder}: {fault} since it was trained: delete the folder and run again")


def _check_weights(folder: Path, model: SentenceTransformer, student: Student) -> None:
    """Reject a transformer whose weights are missing, which would be initialised randomly, or not finite."""
    entries = modules.entries(folder) or [{"type": ".Transformer"}]
    for path in (entry.get("path", "") for entry in entries if entry["type"].endswith(".Transformer")):
        modules.check_weights(folder / path, str(folder), trust_remote_code=student.trust_remote_code)
    modules.check_finite(model, str(folder))


def _with_pooling(student: Student, folder: Path, model_kwargs: dict[str, Any]) -> list[torch.nn.Module]:
    """Return the modules for a plain transformer: the transformer, pooling, and normalisation to length 1."""
    trust = {"trust_remote_code": student.trust_remote_code}
    transformer = Transformer(
        str(folder), model_kwargs=model_kwargs | trust, processor_kwargs=dict(trust), config_kwargs=dict(trust)
    )
    pooling: Any = pooling_of(student)
    return [transformer, Pooling(transformer.get_embedding_dimension(), pooling), Normalize()]


def _run_in_onnxruntime(student: Student, folder: Path, model: SentenceTransformer, file: str) -> None:
    """Replace the transformer by its ONNX file; the tokenizer, the pooling and what follows remain."""
    transformer: Any = model[0]
    path = onnx_file(student.model, folder, file)
    onnx = OnnxModel(path, transformer.model.config, student.model)
    if onnx.output == "logits":
        raise UserError(f"model {student.model}: {path} computes no vectors; choose the `file` of a bi-encoder")
    transformer.model = onnx.eval()


def _check_pooling(student: Student, folder: Path, model: SentenceTransformer) -> None:
    for module in model:
        if isinstance(module, Pooling) and student.pooling and module.pooling_mode != student.pooling:
            raise UserError(
                f"model {folder}: its folder sets pooling to {module.pooling_mode}, but the config sets "
                f"{student.pooling}; remove `pooling` from the config, or correct the config.json of the "
                "folder's Pooling module"
            )


def _fill_in(student: Student, model: SentenceTransformer) -> None:
    """Set the prompts and maximum length from the preset if neither the config nor the model folder defines them."""
    preset = student.preset
    if preset and preset.prompts and student.prompts is None and not any(model.prompts.values()):
        for name, prompt in preset.prompts.items():
            model.prompts[name] = prompt
        log.info("model %s: its folder has no prompts; using those of the preset: %s", student.model, preset.prompts)
    length = model.max_seq_length
    if student.max_length or (preset and preset.max_length and (length is None or length > UNLIMITED)):
        model.max_seq_length = student.max_length or preset.max_length  # type: ignore[union-attr]


def _check_length(student: Student, model: SentenceTransformer) -> None:
    """Reject a ``max_length`` beyond the model's positions. A folder that allows more is limited to the positions."""
    limit, length = positions(model), model.max_seq_length
    check_limit(student.model, length)
    if limit is None or length is None:
        return
    check_length(student.model, "student", student.max_length or 0, limit)
    model.max_seq_length = min(length, limit)
