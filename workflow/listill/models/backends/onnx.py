"""The backend onnxruntime, which runs the ONNX file of a sequence classifier on the CPU."""

from pathlib import Path

import torch
import transformers

from listill.errors import UserError
from listill.models.checkpoint import Checkpoint
from listill.models.locate import onnx_file
from listill.models.model_settings import ModelSettings
from listill.models.onnx_model import OnnxModel


def load(settings: ModelSettings, folder: Path) -> Checkpoint:
    """Return the model and its tokenizer. Raises UserError if the file is missing or is none of a classifier."""
    assert settings.onnx is not None
    file = onnx_file(settings.model, folder, settings.onnx)
    trust = settings.trust_remote_code
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=trust)
    model = OnnxModel(file, config, settings.model)
    if model.output != "logits":
        raise UserError(f"model {settings.model}: {file} computes no logits; choose the `file` of a cross-encoder")
    return Checkpoint(model.eval(), tokenizer, torch.device("cpu"), bf16=False)
