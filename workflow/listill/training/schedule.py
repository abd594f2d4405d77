"""The optimiser and its learning rate."""

import math

import torch

from listill.settings.training import Recipe


def optimiser(model: torch.nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW without weight decay on biases and norms (everything of one dimension)."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


def rate(step: int, steps: int, warmup: float, floor: float = 0.0) -> float:
    """Return the factor of the learning rate at ``step`` (0-based): a linear rise, then a linear fall to ``floor``.

    The rise takes the given share of the steps, rounded up; no step has factor 0, however few there are.
    """
    rise = math.ceil(warmup * steps)
    if step < rise:
        return (step + 1) / (rise + 1)
    return floor + (1 - floor) * (steps - step) / (steps - rise)


def set_dropout(model: torch.nn.Module, probability: float) -> None:
    """Let every dropout of the model, attention's included, have ``probability``; with 0 the model is in eval mode."""
    model.train(probability > 0)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = probability
        for name in ("attention_dropout", "attn_dropout", "dropout_prob"):  # kept as plain numbers by some models
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, probability)
