"""The tokens that all prompts of a group begin with: their keys and values are computed once, and used by every batch."""

import copy
import inspect
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


def common_length(prompts: list[list[int]]) -> int:
    """Return the number of tokens that all prompts begin with; at least one token of each prompt is left out."""
    first, last = min(prompts), max(prompts)
    shortest = min(map(len, prompts)) - 1
    return next((i for i in range(shortest) if first[i] != last[i]), shortest)


class SharedPrefix:
    """The first tokens of all prompts, and the key-value cache for them.

    Without a cache there are no such tokens, and ``obstacle`` says why if the reason is the model.
    """

    def __init__(self, model: Any, prompts: list[list[int]]) -> None:
        """Compute the keys and values of the tokens that ``prompts`` have in common, if the model allows it."""
        self.tokens: list[int] = []
        self.cache: DynamicCache | None = None
        self.obstacle: str | None = None
        length = common_length(prompts)
        if len(prompts) > 1 and length > 0:
            self._compute(model, prompts[0][:length])

    def _compute(self, model: Any, tokens: list[int]) -> None:
        """Fill the cache.

        In a batch, padding stands between these tokens and the rest of a prompt. The model must therefore take positions
        from ``position_ids``, and must attend to all tokens: a window would count the padding.
        """
        if "position_ids" not in inspect.signature(model.forward).parameters:
            self.obstacle = "it takes no position_ids"
            return
        with torch.inference_mode():
            cache = model.base_model(torch.tensor([tokens], device=model.device), use_cache=True).past_key_values
        if type(cache) is not DynamicCache or any(type(layer) is not DynamicLayer for layer in cache.layers):
            self.obstacle = "its cache does not keep all tokens in the usual form"
            return
        self.tokens, self.cache = tokens, cache

    def __len__(self) -> int:
        """Return the number of tokens with cached keys and values."""
        return len(self.tokens)

    def expanded(self, rows: int) -> DynamicCache | None:
        """Return a copy of the cache for a batch of ``rows`` prompts; generation extends the copy."""
        cache = copy.deepcopy(self.cache)
        if cache is not None:
            cache.batch_repeat_interleave(rows)
        return cache

    def pad(self, prompts: list[list[int]], token: int) -> tuple[list[list[int]], list[list[int]]]:
        """Return prompts of equal length, padded with ``token`` after the prefix, and their attention mask."""
        longest, start = max(map(len, prompts)), len(self)
        gaps = [longest - len(prompt) for prompt in prompts]
        rows = [prompt[:start] + [token] * gap + prompt[start:] for prompt, gap in zip(prompts, gaps, strict=True)]
        mask = [[1] * start + [0] * gap + [1] * (longest - start - gap) for gap in gaps]
        return rows, mask
