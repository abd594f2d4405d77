"""The tokens that all prompts of a group begin with: their keys and values are computed once, and used by every batch."""

import copy
import inspect
import logging
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

log = logging.getLogger("listill")


def common_length(prompts: list[list[int]]) -> int:
    """Return the number of tokens that all prompts begin with; at least one token of each prompt is left out."""
    first, last = min(prompts), max(prompts)
    shortest = min(map(len, prompts)) - 1
    return next((i for i in range(shortest) if first[i] != last[i]), shortest)


class SharedPrefix:
    """The first tokens of all prompts, and the key-value cache for them (None: they are computed with each prompt)."""

    def __init__(self, model: Any, prompts: list[list[int]]) -> None:
        """Compute the keys and values of the tokens that ``prompts`` have in common, if the model allows it.

        In a batch, padding stands between these tokens and the rest of a prompt. The model must therefore take positions
        from ``position_ids``, and must attend to all tokens: a window would count the padding.
        """
        self.tokens: list[int] = []
        self.cache: DynamicCache | None = None
        length = common_length(prompts)
        if len(prompts) == 1 or length == 0:
            return
        if "position_ids" not in inspect.signature(model.forward).parameters:
            return self._explain(model, "it takes no position_ids")
        tokens = prompts[0][:length]
        with torch.inference_mode():
            cache = model.base_model(torch.tensor([tokens], device=model.device), use_cache=True).past_key_values
        if type(cache) is not DynamicCache or any(type(layer) is not DynamicLayer for layer in cache.layers):
            return self._explain(model, "its cache does not keep all tokens in the usual form")
        self.tokens, self.cache = tokens, cache
        return None

    @staticmethod
    def _explain(model: Any, reason: str) -> None:
        """Log once per model why the prefix is computed again with each prompt."""
        if not getattr(model, "_listill_explained", False):
            log.info("ask: the examples are computed again with each prompt: %s: %s", type(model).__name__, reason)
            model._listill_explained = True

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
