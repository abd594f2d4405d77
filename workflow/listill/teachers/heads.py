"""Output layers that compute in float32.

A bf16 logit has 8 significant bits, so that different passages would get equal scores.

The output layer of a language model is reduced to the rows of the answer tokens, so that for example 2 of 250,000
logits are computed for each position. The model's own code still transforms these logits (scaling, soft capping).
"""

from typing import Any

import torch
from torch import nn


class Float32(nn.Linear):
    """A linear layer that computes and returns float32 for inputs of any dtype."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return [..., out] float32."""
        bias = None if self.bias is None else self.bias.float()
        return nn.functional.linear(input.float(), self.weight.float(), bias)


def keep_answers(model: Any, token_ids: list[int]) -> None:
    """Reduce the output layer of ``model`` to ``token_ids``: the logits become [..., len(token_ids)] in float32."""
    full = model.get_output_embeddings()
    bias = getattr(full, "bias", None)
    reduced = Float32(full.weight.shape[1], len(token_ids), bias=bias is not None, device=full.weight.device)
    reduced.weight = nn.Parameter(full.weight.detach()[token_ids].float(), requires_grad=False)
    if bias is not None:
        reduced.bias = nn.Parameter(bias.detach()[token_ids].float(), requires_grad=False)
    model.set_output_embeddings(reduced)


def classify_in_float32(model: Any) -> None:
    """Make the last layer of a sequence classifier compute in float32."""
    heads = [m for m in model.modules() if type(m) is nn.Linear and m.out_features == model.config.num_labels]
    if heads:
        heads[-1].__class__ = Float32
