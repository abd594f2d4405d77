"""The size of a model, from the files in its folder; its weights are not loaded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Positions of a transformer whose files do not say how many it has.
DEFAULT_LIMIT = 512


@dataclass(frozen=True)
class Size:
    """A transformer: the number of all weights, those outside the embeddings, layers, dimension, and maximum length."""

    weights: int
    computed: int
    layers: int
    hidden: int
    limit: int

    def flop(self, lengths: np.ndarray) -> float:
        """Return the FLOP per token of the forward pass over texts of these lengths [n].

        Each weight outside the embeddings is multiplied and added once per token; attention takes 4 FLOP per layer,
        dimension and token that is attended to (Kaplan et al. 2020, arXiv 2001.08361, table 1).
        """
        attended = float((lengths**2).sum() / lengths.sum()) if lengths.sum() else 0.0
        return 2.0 * self.computed + 4.0 * self.layers * self.hidden * attended


def size_of(folder: Path, max_length: int | None = None) -> Size | None:
    """Return the size of the model in a folder, whose texts are cut at ``max_length``; None if its files do not tell."""
    config = _json(folder / "config.json")
    if not config:
        return None
    layers = _first(config, ["num_hidden_layers", "n_layer", "num_layers"])
    hidden = _first(config, ["hidden_size", "d_model", "n_embd"])
    if not layers or not hidden:
        return None
    shapes = _shapes(sorted(folder.glob("*.safetensors")))
    if shapes:
        weights = sum(int(np.prod(shape)) for shape in shapes.values())
        embeddings = sum(int(np.prod(shape)) for name, shape in shapes.items() if "embed" in name and len(shape) == 2)
    else:  # an ONNX file: the weights of a BERT
        inner = _first(config, ["intermediate_size", "d_ff"]) or 4 * hidden
        embeddings = hidden * (_first(config, ["vocab_size"]) or 0)
        weights = embeddings + layers * (4 * hidden * hidden + 2 * hidden * inner)
    return Size(weights, weights - embeddings, layers, hidden, max_length or _limit(folder, config))


def _limit(folder: Path, config: dict[str, Any]) -> int:
    """Return the maximum number of tokens of a text, where a file says so."""
    own = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    if isinstance(own, int):
        return own
    limits = [_first(config, ["max_position_embeddings", "n_positions"]), DEFAULT_LIMIT]
    tokenizer = _json(folder / "tokenizer_config.json").get("model_max_length")
    if isinstance(tokenizer, int) and (limits[0] is None or tokenizer <= limits[0]):  # 1e30: the tokenizer has none
        return tokenizer
    return next(limit for limit in limits if limit)


def _first(config: dict[str, Any], names: Sequence[str]) -> int | None:
    return next((config[name] for name in names if isinstance(config.get(name), int)), None)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _shapes(files: Sequence[Path]) -> dict[str, Sequence[int]]:
    """Return the shapes of all tensors by name, from the headers of the files."""
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, Sequence[int]] = {}
    for file in files:
        try:
            with safe_open(file, "np") as tensors:
                shapes |= {name: tensors.get_slice(name).get_shape() for name in tensors.keys()}  # noqa: SIM118
        except (SafetensorError, OSError):
            return {}
    return shapes
