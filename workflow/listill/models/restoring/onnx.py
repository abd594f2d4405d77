"""Restore the weights of an ONNX file with dynamically quantised matrices.

onnxruntime's dynamic quantisation replaces the product with a float matrix W [in, out] by ``MatMulInteger`` with an int8
matrix Q, a scale s and a zero point z: ``W = s (Q - z)`` (https://onnxruntime.ai/docs/performance/model-optimizations/
quantization.html). The name of the node tells the module of torch whose weight is the transpose of W. Embeddings are stored
in the same way under their torch names. All other weights are stored in float32 under their torch names.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from listill.errors import UserError
from listill.models.packaged import PackagedModel

TOKENISER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
QUANTISED = "_quantized"
TRANSFORMER = "sentence_transformers.models.Transformer"


def restore(source: Path, entry: PackagedModel, target: Path) -> None:
    """Write the model in the folder ``source`` to ``target`` in float32; a student or ColBERT for sentence-transformers.

    Raises UserError if the package ``onnx`` is missing, or if the file cannot be read or lacks weights.
    """
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        plain = Path(scratch) if entry.pooling else target
        _model(source, entry).save_pretrained(plain)
        for name in TOKENISER_FILES:
            if (source / name).exists():
                shutil.copyfile(source / name, plain / name)
        if entry.pooling:
            _with_pooling(plain, entry).save_pretrained(str(target), create_model_card=False)
    if entry.late_interaction:
        _write(target / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": TRANSFORMER}])
        _write(target / "config_sentence_transformers.json", entry.late_interaction)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


def weights(file: Path) -> dict[str, np.ndarray]:
    """Return the weights of an ONNX file in float32 under their names in torch."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx.numpy_helper import to_array
    except ModuleNotFoundError:
        raise UserError(f"{file}: the Python package 'onnx', which reads it, is missing: run `make models`") from None
    try:
        graph = onnx.load(file).graph
    except (OSError, DecodeError) as error:
        raise UserError(f"{file}: cannot be read: {error}; install its package again: run `make models`") from None
    stored = {tensor.name: to_array(tensor) for tensor in graph.initializer}

    def dequantised(name: str) -> np.ndarray:
        values = stored[name + QUANTISED].astype(np.float32) - stored[name + "_zero_point"].astype(np.float32)
        return np.asarray(values * stored[name + "_scale"], dtype=np.float32)

    names = {name for name in stored if name.endswith((QUANTISED, "_scale", "_zero_point"))}
    found = {name: value for name, value in stored.items() if name not in names}
    matrices = {}
    for node in graph.node:
        if node.op_type == "MatMulInteger" and node.input[1] in stored:
            module = node.name.strip("/").rpartition("/")[0].replace("/", ".")
            matrices[node.input[1]] = f"{module}.weight"
            found[f"{module}.weight"] = dequantised(node.input[1].removesuffix(QUANTISED)).T
    for name in names - set(matrices):
        if name.endswith(QUANTISED):
            found[name.removesuffix(QUANTISED)] = dequantised(name.removesuffix(QUANTISED))
    return found


def _model(source: Path, entry: PackagedModel) -> Any:
    """Return the model of transformers with the weights of the file."""
    import torch
    import transformers

    architecture = getattr(transformers, entry.architecture)
    config = json.loads((source / "config.json").read_text()) if (source / "config.json").exists() else entry.config
    model = architecture(architecture.config_class(**config))
    state = {name: torch.tensor(value) for name, value in weights(source / entry.file).items()}
    parameters = dict(model.named_parameters())
    state |= {name: torch.zeros_like(parameters[name]) for name in entry.unused}
    if different := sorted(set(parameters) ^ set(state)):
        where = "is missing in the file" if different[0] in parameters else f"is no weight of {entry.architecture}"
        raise UserError(f"{source / entry.file}: {different[0]} {where}: install the version that `make models` does")
    model.load_state_dict(state, strict=False)  # buffers, such as the numbers of positions, are not in the file
    return model


def _with_pooling(plain: Path, entry: PackagedModel) -> Any:
    """Return a SentenceTransformers model with the pooling, scaling to length 1, and prompts of the entry."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    pooling: Any = entry.pooling
    prompts: Any = entry.prompts
    transformer = Transformer(str(plain))
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), pooling), Normalize()]
    return SentenceTransformer(modules=modules, prompts=prompts, device="cpu")
