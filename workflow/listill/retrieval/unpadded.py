"""Attention over texts concatenated in a single row: no padding is computed, nor kept for the backward pass.

The linear layers of a transformer do not depend on the boundaries between texts; attention does, and receives them as
``cu_seq_lens_q``. The argument names are those of flattened batches in transformers, which the pooling of
SentenceTransformers supports.
"""

from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface

from listill.retrieval.tokens import Tokens

NAME = "listill_unpadded"
# Arguments that attention and pooling receive in addition to the tokens.
BOUNDARY_ARGUMENTS = {"cu_seq_lens_q", "cu_seq_lens_k", "max_length_q", "max_length_k", "seq_idx", "position_ids"}


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

    ``sliding_window`` is the window that transformers passes to FlashAttention: a token attends to those that are less
    than ``sliding_window`` tokens away.

    On a GPU, PyTorch's variable-length kernel computes it in bf16 or fp16. On a CPU, and in float32, which the kernel
    lacks, it is computed text by text: as the reference for the check of a model at load, and for tests.
    """
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    # Tokens to each side that a token sees. -1 stands for all of them, as in PyTorch's kernel.
    reach = -1 if sliding_window is None else sliding_window - 1
    if query.device.type == "cuda" and value.dtype != torch.float32:
        from torch.nn.attention.varlen import varlen_attn

        bounds, longest = cu_seq_lens_q, max_length_q
        # In mixed precision, rotary embeddings turn query and key into float32. Autocast casts them back for the attention of
        # PyTorch, but not for this kernel.
        q, k = q.to(v.dtype), k.to(v.dtype)
        output = varlen_attn(q, k, v, bounds, bounds, longest, longest, scale=scaling, window_size=(reach, reach))
        assert isinstance(output, torch.Tensor)
        return output[None], None
    outputs = []
    for start, end in zip(cu_seq_lens_q[:-1].tolist(), cu_seq_lens_q[1:].tolist(), strict=True):
        text_q, text_k, text_v = (tensor[start:end].transpose(0, 1)[None] for tensor in (q, k, v))
        mask = None
        if reach >= 0:
            position = torch.arange(end - start, device=query.device)
            mask = (position[:, None] - position[None]).abs() <= reach
        output = torch.nn.functional.scaled_dot_product_attention(text_q, text_k, text_v, attn_mask=mask, scale=scaling)
        outputs.append(output[0].transpose(0, 1))
    return torch.cat(outputs)[None], None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, lambda *_, **__: None)


def available(device: torch.device) -> bool:
    """Tell whether this version of PyTorch has the kernel for the device."""
    if device.type != "cuda":
        return False
    try:
        import torch.nn.attention.varlen  # noqa: F401
    except ImportError:
        return False
    return True


def switch(transformer: Any, name: str) -> None:
    """Set the attention implementation of the first module of a SentenceTransformers model.

    Raises ValueError if the architecture does not support it.
    """
    transformer.model.set_attn_implementation(name)
    if transformer.model_forward_params is not None:
        transformer.model_forward_params |= BOUNDARY_ARGUMENTS


def features(tokens: Tokens, chosen: np.ndarray, first_position: int) -> dict[str, Any]:
    """Return the chosen texts in one row, with the boundaries of each text.

    The position ids of each text start at ``first_position``.
    """
    texts = tokens.take(chosen)
    lengths = texts.lengths
    bounds = torch.from_numpy(texts.starts.astype(np.int32))
    positions = np.arange(len(texts.ids)) - np.repeat(texts.starts[:-1], lengths) + first_position
    longest = int(lengths.max())
    return {
        "input_ids": torch.from_numpy(texts.ids.astype(np.int64))[None],
        "position_ids": torch.from_numpy(positions)[None],
        "seq_idx": torch.from_numpy(np.repeat(np.arange(len(texts), dtype=np.int32), lengths))[None],
        "cu_seq_lens_q": bounds,
        "cu_seq_lens_k": bounds,
        "max_length_q": longest,
        "max_length_k": longest,
    }
