"""Models that sentence-transformers saves as several modules, and rerankers among them.

Such a CrossEncoder is an encoder, a pooling and layers that compute the score of the pooled vector (the Ettin rerankers:
transformer, pooling, dense, normalisation, dense). It is loaded with sentence-transformers' own classes. The activation
that the folder names for ``predict`` is not applied: teachers give raw scores.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers
from transformers.modeling_outputs import SequenceClassifierOutput

from listill.errors import UserError
from listill.models.model_settings import ModelSettings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

# A CrossEncoder of these modules is loaded as a model of transformers, and LogitScore is what a causal teacher computes.
PLAIN = ("Transformer", "LogitScore")
# Code that is installed: MultiVectorEncoder reads PyLate's layers as its own. Where the code of an activation may not
# run, sentence-transformers takes another one.
KNOWN = ("sentence_transformers.", "pylate.models.Dense.", "torch.")


class Classifier(torch.nn.Module):
    """A CrossEncoder of several modules, which is called like a sequence classifier of transformers."""

    def __init__(self, encoder: "CrossEncoder") -> None:
        super().__init__()
        self.encoder = encoder
        transformer: Any = encoder[0]
        self.config = transformer.model.config
        self.config.num_labels = encoder.num_labels

    def forward(self, **batch: torch.Tensor) -> SequenceClassifierOutput:
        """Return the raw scores [n, labels] of a padded batch as ``logits``."""
        return SequenceClassifierOutput(logits=self.encoder({**batch, "modality": "text"})["scores"])


def module_types(folder: Path) -> list[str]:
    """Return the classes of the modules of a sentence-transformers folder; none if it is a folder of transformers."""
    return [entry["type"] for entry in entries(folder)]


def model_type(folder: Path) -> str | None:
    """Return the class that a sentence-transformers folder was saved by, such as CrossEncoder, if it says so."""
    kind: str | None = read_json(folder / "config_sentence_transformers.json", {}).get("model_type")
    return kind


def is_cross_encoder(folder: Path) -> bool:
    """Tell whether the folder holds a CrossEncoder with modules besides a transformer."""
    others = [name for name in module_types(folder) if name.rpartition(".")[2] not in PLAIN]
    return model_type(folder) == "CrossEncoder" and bool(others)


def check_code(folder: Path, model: str, *, trust_remote_code: bool) -> None:
    """Raise UserError if the model would run code of its own without permission."""
    if trust_remote_code:
        return
    config = read_json(folder / "config.json", {})
    # The configuration of a transformer may have this key, too, but with a short name such as gelu.
    others = [entry for entry in entries(folder) if not entry["type"].endswith(".Transformer")]
    activations = [_config(folder, entry).get("activation_function", "torch.") for entry in others]
    own = [name for name in [*module_types(folder), *activations] if not name.startswith(KNOWN)]
    tokenizer = read_json(folder / "tokenizer_config.json", {})
    # Otherwise transformers would take another tokenizer of the same architecture, without a word.
    own_tokenizer = tokenizer.get("auto_map") and not hasattr(transformers, str(tokenizer.get("tokenizer_class")))
    own_model = config.get("auto_map") and config.get("model_type") not in transformers.CONFIG_MAPPING
    if own or own_model or own_tokenizer:
        what = f"its module {own[0]} needs" if own else "needs" if own_model else "its tokenizer needs"
        raise UserError(
            f"model {model}: {what} code of its own: read it, then set trust_remote_code: true and a revision"
        )


def check_scores(folder: Path, model: str) -> None:
    """Raise UserError if none of the modules computes scores."""
    outputs = [_config(folder, entry).get("module_output_name") for entry in entries(folder)]
    if "scores" not in outputs:
        raise UserError(
            f"model {model}: none of its modules ({_short(folder)}) has the output `scores`, so it is no reranker; use "
            "another model, or save this one again with CrossEncoder.save_pretrained"
        )


def load(folder: Path, settings: ModelSettings) -> tuple[Classifier, Any]:
    """Return the model in float32 on the CPU, and its tokenizer. Raises UserError if weights are missing."""
    from sentence_transformers import CrossEncoder

    check_weights(folder, settings.model, trust_remote_code=settings.trust_remote_code)
    encoder = CrossEncoder(
        str(folder),
        device="cpu",
        trust_remote_code=settings.trust_remote_code,
        local_files_only=True,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )
    transformer: Any = encoder[0]
    formats = "a chat template" if "message" in transformer.modality_config else None
    if encoder.default_prompt_name:
        formats = f"the prompt '{encoder.default_prompt_name}'"
    if formats and not getattr(settings, "prompt", None):
        raise UserError(
            f"model {settings.model}: it reads query and passage with {formats}, which only its own code applies; set "
            "prompt of this teacher to the text that the model was trained with"
        )
    return Classifier(encoder), encoder.tokenizer


def check_weights(folder: Path, model: str, *, trust_remote_code: bool) -> None:
    """Raise UserError if weights of the transformer in ``folder`` are missing, which would be initialised randomly.

    sentence-transformers only logs them. No weight is loaded here: the model is made on the device meta. The pooler of
    BERT and the decoder of T5 are not used.
    """
    _, info = transformers.AutoModel.from_pretrained(
        folder, device_map="meta", trust_remote_code=trust_remote_code, output_loading_info=True
    )
    check_missing([name for name in info["missing_keys"] if not name.startswith(("pooler.", "decoder."))], model)


def check_missing(missing: Collection[str], model: str) -> None:
    """Raise UserError if weights are missing, which transformers has initialised randomly."""
    if missing:
        raise UserError(
            f"model {model}: its weights lack {min(missing)}, which would be initialised randomly; download the model "
            "again, or use another one"
        )


def check_finite(model: torch.nn.Module, name: str) -> None:
    """Raise UserError if a weight of a model is NaN or infinite."""
    for key, weight in model.state_dict().items():
        if isinstance(weight, torch.Tensor) and weight.is_floating_point() and not torch.isfinite(weight).all():
            raise UserError(
                f"model {name}: its weights {key} are not finite numbers; download or train the model again"
            )


def entries(folder: Path) -> list[dict[str, str]]:
    """Return the entries of modules.json; none if there is no such file."""
    file = folder / "modules.json"
    found: list[dict[str, str]] = read_json(file, [])
    types = [entry.get("type") if isinstance(entry, dict) else None for entry in found]
    if not all(isinstance(one, str) for one in types):
        raise UserError(f"model {folder}: {file} is not a valid list of modules; download the model again")
    return found


def _config(folder: Path, entry: dict[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = read_json(folder / entry.get("path", "") / "config.json", {})
    return config


def _short(folder: Path) -> str:
    return ", ".join(name.rpartition(".")[2] for name in module_types(folder))


def read_json(file: Path, default: Any) -> Any:
    """Return the content of a JSON file of a model, of the type of ``default``, which stands for a missing file."""
    if not file.exists():
        return default
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise UserError(f"model {file.parent}: {file} is not valid JSON; download the model again") from None
    if not isinstance(data, type(default)):
        kind = "a valid list of modules" if isinstance(default, list) else "a block of keys and values"
        raise UserError(f"model {file.parent}: {file} is not {kind}; download the model again")
    return data
