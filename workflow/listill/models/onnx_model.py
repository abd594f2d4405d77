"""A transformer that runs in onnxruntime (https://onnxruntime.ai) and is called like one of transformers."""

from pathlib import Path
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

from listill.errors import UserError

INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
# The names that exporters give to the vectors of the tokens: optimum, and sentence-transformers.
TOKEN_VECTORS = ("last_hidden_state", "token_embeddings")


class OnnxModel(torch.nn.Module):
    """The model in an ONNX file, on the CPU, with as many threads as torch has.

    Files that were quantised dynamically scale the int8 values of a whole batch together. Their outputs therefore depend
    on the other texts of the batch, more than by rounding: see docs/teachers.md.
    """

    def __init__(self, file: Path, config: Any, model: str) -> None:
        """Open ``file``; ``config`` is the configuration of transformers, and ``model`` the name for messages."""
        super().__init__()
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise UserError(f"model {model}: backend onnx needs the package onnxruntime: run `make models`") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.enable_mem_pattern = False  # it is for batches of one shape
        try:
            self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the exceptions of onnxruntime have no base class of their own
            raise UserError(f"model {model}: {file} cannot be loaded: {str(error).splitlines()[0]}") from None
        self.config = config
        self.inputs = [put.name for put in self.session.get_inputs()]
        outputs = [put.name for put in self.session.get_outputs()]
        self.output = next((name for name in ("logits", *TOKEN_VECTORS) if name in outputs), "")
        if unknown := set(self.inputs) - INPUTS:
            raise UserError(f"model {model}: {file} needs the input '{min(unknown)}', which is not supported")
        if not self.output:
            raise UserError(
                f"model {model}: {file} has the outputs {', '.join(outputs)}; a reranker needs logits, a bi-encoder "
                "last_hidden_state: choose another `file`"
            )

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
        **_: Any,
    ) -> Any:
        """Return ``logits`` [n, labels] of a sequence classifier, or ``last_hidden_state`` [n, tokens, d], in float32.

        Other options of transformers (``return_dict``) have no effect.
        """
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        features = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": types}
        (output,) = self.session.run([self.output], {name: features[name].numpy() for name in self.inputs})
        values: Any = torch.from_numpy(output).float()
        if self.output == "logits":
            return SequenceClassifierOutput(logits=values)
        return BaseModelOutput(last_hidden_state=values)
