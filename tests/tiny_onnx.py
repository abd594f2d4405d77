"""Tiny models as ONNX files, exported by torch; the package onnx is not needed for that."""

import warnings
from pathlib import Path
from typing import Any

import torch
import transformers

import tiny_rerankers

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class TokenVectors(torch.nn.Module):
    """An encoder of transformers with one output, which the exporter needs."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the tokens [texts, tokens, d]."""
        vectors: torch.Tensor = self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        return vectors


def export(folder: Path, *, auto: str, output: str, file: str = "onnx/model.onnx") -> Path:
    """Write the model in ``folder`` to ``file`` in it, in float32; its first output is called ``output``."""
    model = getattr(transformers, auto).from_pretrained(folder, attn_implementation="eager").eval()
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    example = torch.tensor([[2, 5, 6, 3, 7, 3], [2, 5, 3, 6, 3, 0]])
    mask, types = (example > 0).long(), torch.zeros_like(example)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            TokenVectors(model) if auto == "AutoModel" else model,
            (example, mask, types),
            str(path),
            input_names=list(INPUTS),
            output_names=[output],
            dynamic_axes={put: {0: "texts", 1: "tokens"} for put in INPUTS},
            dynamo=False,
        )
    return path


def cross_encoder(folder: Path, output: str = "logits", **options: Any) -> Path:
    """Save a tiny cross-encoder together with its ONNX file, and return the folder."""
    tiny_rerankers.bert_classifier(folder)
    export(folder, auto="AutoModelForSequenceClassification", output=output, **options)
    return folder
