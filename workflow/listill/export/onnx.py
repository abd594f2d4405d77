"""The ONNX files of a SentenceTransformers folder: one in float32, and one with weights quantised to int8.

They are where sentence-transformers and optimum look for them: onnx/model.onnx, with the transformer only, whose output is
``last_hidden_state`` [texts, tokens, d]. The tokenizer, the pooling and what follows remain in the folder.
optimum-onnx 0.1 works with transformers 4 only, so that torch exports the model.
"""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from listill.errors import UserError
from listill.models.onnx_model import INPUTS
from listill.retrieval.encoder import Encoder
from listill.settings.students import DEFAULT_ONNX_FILE, FrozenEncoder, Student

FP32, INT8 = DEFAULT_ONNX_FILE, "onnx/model_int8.onnx"
# How far embeddings in onnxruntime may be from those in torch: both are in float32.
TOLERANCE = 1e-4
OPSET = 17
OUTPUT = "last_hidden_state"
REMEDY = "set export.onnx: false to export the model without ONNX files"
log = logging.getLogger("listill")


class _TokenVectors(torch.nn.Module):
    """A transformer with positional inputs and one output, which the exporter needs."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = self.model(**dict(zip(self.names, inputs, strict=True))).last_hidden_state
        return vectors


def write(folder: Path, texts: list[str], *, trust_remote_code: bool = False) -> None:
    """Write both ONNX files of the model in ``folder``, and compare the one in float32 with torch on ``texts``.

    Raises UserError if a package is missing, if the architecture cannot be exported, or if embeddings differ by more than
    ``TOLERANCE``.
    """
    _check_packages()
    (folder / FP32).parent.mkdir(exist_ok=True)
    try:
        with _quiet():
            _export(folder, trust_remote_code)
    except Exception as error:  # torch and transformers raise exceptions of any type for what they cannot trace
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"model {folder}: torch cannot export it to ONNX ({reason}): {REMEDY}") from error
    difference = largest_difference(folder, texts, trust_remote_code=trust_remote_code)
    if not difference <= TOLERANCE:
        raise UserError(
            f"model {folder}: embeddings of its ONNX file differ from torch's by {difference:.1e}, more than "
            f"{TOLERANCE:.0e}: {REMEDY}"
        )
    log.info("%s: embeddings differ from torch's by at most %.1e", FP32, difference)
    with _quiet():
        _quantise(folder)


def largest_difference(folder: Path, texts: list[str], *, trust_remote_code: bool = False) -> float:
    """Return the largest difference of a number in embeddings of ``texts`` by onnx/model.onnx and by torch (float32)."""
    torch_model = Encoder(Student(model=str(folder), precision="fp32", trust_remote_code=trust_remote_code), folder)
    onnx = Encoder(in_onnxruntime(folder, FP32, trust_remote_code=trust_remote_code), folder)
    kinds: list[Any] = ["query", "document"]
    return max(float(np.abs(torch_model.encode(texts, kind) - onnx.encode(texts, kind)).max()) for kind in kinds)


def in_onnxruntime(folder: Path, file: str, *, trust_remote_code: bool = False) -> FrozenEncoder:
    """Return the settings of the model in ``folder`` with one of its ONNX files."""
    return FrozenEncoder(model=str(folder), backend="onnx", file=file, trust_remote_code=trust_remote_code)


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError(
            f"the export to ONNX needs the package {error.name}: run pip install -c constraints.txt -e '.[export]', or set "
            "export.onnx: false"
        ) from None


def _export(folder: Path, trust_remote_code: bool) -> None:
    # Eager attention: its operations are traced as they are.
    options = {"attn_implementation": "eager", "dtype": torch.float32, "use_safetensors": True}
    model = SentenceTransformer(
        str(folder), device="cpu", model_kwargs=options, trust_remote_code=trust_remote_code
    ).eval()
    transformer: Any = model[0]
    # Texts of several lengths, so that the exporter sees a mask with zeros.
    features = model.preprocess(["a b c d e", "a"])
    names = [name for name in INPUTS_IN_ORDER if name in features]
    with torch.inference_mode():
        torch.onnx.export(
            _TokenVectors(transformer.model, names),
            tuple(features[name] for name in names),
            str(folder / FP32),
            input_names=names,
            output_names=[OUTPUT],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in [*names, OUTPUT]},
            opset_version=OPSET,
            dynamo=False,
        )


INPUTS_IN_ORDER = sorted(INPUTS, key=["input_ids", "attention_mask", "token_type_ids"].index)


def _quantise(folder: Path) -> None:
    """Write the file with int8 weights; activations are quantised while the model runs (dynamic quantisation).

    Weights have 7 bits (``reduce_range``): with 8, sums overflow on processors without VNNI instructions
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(folder / FP32, folder / INT8, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Leave out the warnings of the tracer and of onnxruntime, which are about their own code."""
    root = logging.getLogger()
    level = root.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root.setLevel(logging.ERROR)
        try:
            yield
        finally:
            root.setLevel(level)
