"""Output layers in float32: a logit in bf16 has 8 significant bits, which makes ties of passages that differ.

Of a language model's output layer only the rows of the answers are kept: 2 of 250,000 columns need not be computed for
every position, and what the model does with its logits (scaling, soft caps) is still done by its own code.
"""

from typing import Any

import torch
from torch import nn


class Float32(nn.Linear):
    """A linear layer that computes and returns float32, whatever comes in."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return [..., out] float32."""
        bias = None if self.bias is None else self.bias.float()
        return nn.functional.linear(input.float(), self.weight.float(), bias)


def keep_answers(model: Any, tokens: list[int]) -> None:
    """Let ``model`` compute the logits of ``tokens`` only: logits become [..., len(tokens)] float32."""
    whole = model.get_output_embeddings()
    bias = getattr(whole, "bias", None)
    rows = Float32(whole.weight.shape[1], len(tokens), bias=bias is not None, device=whole.weight.device)
    rows.weight = nn.Parameter(whole.weight.detach()[tokens].float(), requires_grad=False)
    if bias is not None:
        rows.bias = nn.Parameter(bias.detach()[tokens].float(), requires_grad=False)
    model.set_output_embeddings(rows)


def classify_in_float32(model: Any) -> None:
    """Let the last layer of a sequence classifier compute in float32."""
    last = [m for m in model.modules() if type(m) is nn.Linear and m.out_features == model.config.num_labels]
    if last:
        last[-1].__class__ = Float32
