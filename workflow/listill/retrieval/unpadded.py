"""Attention over texts that stand one after another in a single row: no padding is computed, nor kept for backward.

The linear layers of a transformer do not care where a text ends; only attention does, and is told by ``cu_seq_lens_q`` (the
names are those of transformers' own flattened batches, which SentenceTransformers' pooling understands).
"""

from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface

from listill.retrieval.tokens import Tokens

NAME = "listill_unpadded"
# What attention and pooling get beside the tokens.
PLACES = {"cu_seq_lens_q", "cu_seq_lens_k", "max_length_q", "max_length_k", "seq_idx", "position_ids"}


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    cu_seq_lens_q: torch.Tensor,
    max_length_q: int,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Return attention [1, tokens, heads, d] within each text; query, key and value are [1, heads, tokens, d].

    On a GPU by PyTorch's variable-length kernel (in bf16 or fp16), else text by text, which is there to compare with.
    """
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    if query.device.type == "cuda":
        from torch.nn.attention.varlen import varlen_attn

        reach = (-1, -1) if sliding_window is None else (sliding_window, sliding_window)
        ends, longest = cu_seq_lens_q, max_length_q
        found = varlen_attn(q, k, v, ends, ends, longest, longest, scale=scaling, window_size=reach)
        assert isinstance(found, torch.Tensor)
        return found[None], None
    parts = []
    for start, end in zip(cu_seq_lens_q[:-1].tolist(), cu_seq_lens_q[1:].tolist(), strict=True):
        one, keys, values = (tensor[start:end].transpose(0, 1)[None] for tensor in (q, k, v))
        near = None
        if sliding_window is not None:
            place = torch.arange(end - start, device=query.device)
            near = (place[:, None] - place[None]).abs() <= sliding_window
        own = torch.nn.functional.scaled_dot_product_attention(one, keys, values, attn_mask=near, scale=scaling)
        parts.append(own[0].transpose(0, 1))
    return torch.cat(parts)[None], None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, lambda *_, **__: None)


def available() -> bool:
    """Tell whether this PyTorch has the kernel."""
    try:
        import torch.nn.attention.varlen  # noqa: F401
    except ImportError:
        return False
    return True


def switch(transformer: Any, name: str) -> None:
    """Let the first module of a SentenceTransformers model attend by ``name``; ValueError if its architecture cannot."""
    transformer.model.set_attn_implementation(name)
    if transformer.model_forward_params is not None:
        transformer.model_forward_params |= PLACES


def features(tokens: Tokens, chosen: np.ndarray, first_position: int) -> dict[str, Any]:
    """Return the chosen texts in one row, and where each begins and ends; a text's positions begin at ``first_position``."""
    rows = [tokens[i] for i in chosen]
    lengths = np.array([len(row) for row in rows])
    ends = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    longest = int(lengths.max())
    return {
        "input_ids": torch.from_numpy(np.concatenate(rows).astype(np.int64))[None],
        "position_ids": torch.from_numpy(np.concatenate([np.arange(n) for n in lengths]) + first_position)[None],
        "seq_idx": torch.from_numpy(np.repeat(np.arange(len(rows), dtype=np.int32), lengths))[None],
        "cu_seq_lens_q": ends,
        "cu_seq_lens_k": ends,
        "max_length_q": longest,
        "max_length_k": longest,
    }
