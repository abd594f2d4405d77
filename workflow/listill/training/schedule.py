"""The optimiser, the learning rate schedule, and dropout."""

import math

import torch

from listill.settings.training import Recipe


def optimiser(model: torch.nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW without weight decay on biases and norms (all parameters of one dimension)."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


def rate(step: int, steps: int, warmup: float, floor: float = 0.0) -> float:
    """Return the factor of the learning rate at ``step`` (0-based): linear warm-up, then linear decay to ``floor``.

    ``warmup`` is the share of the steps in the warm-up, rounded up. The factor is never 0, even with only a few steps.
    """
    warmup_steps = math.ceil(warmup * steps)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return floor + (1 - floor) * (steps - step) / (steps - warmup_steps)


def set_dropout(model: torch.nn.Module, probability: float) -> None:
    """Set the probability of every dropout of the model, including attention; with 0, the model is in eval mode."""
    model.train(probability > 0)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = probability
        for name in ("attention_dropout", "attn_dropout", "dropout_prob"):  # some models store plain numbers
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, probability)
