"""The key-value cache of the tokens that prompts share."""

from typing import Any

import pytest
import torch
from transformers import BloomConfig, BloomForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from listill.queries.engines.shared_prefix import SharedPrefix, common_length

SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
PROMPTS = [[1, 2, 3, 4, 9], [1, 2, 3, 5, 6, 7, 8], [1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("prompts", "length"),
    [(PROMPTS, 3), ([[1, 2], [1, 2]], 1), ([[1], [1, 2]], 0), ([[1, 2], [3, 2]], 0), ([[4, 5, 6]], 2)],
)
def test_common_length(prompts: list[list[int]], length: int) -> None:
    assert common_length(prompts) == length


def test_padding_follows_the_prefix() -> None:
    prefix = SharedPrefix(LlamaForCausalLM(LlamaConfig(**SIZES)).eval(), PROMPTS)
    assert (len(prefix), prefix.tokens) == (3, [1, 2, 3])
    rows, mask = prefix.pad(PROMPTS, 0)
    assert rows == [[1, 2, 3, 0, 0, 4, 9], [1, 2, 3, 5, 6, 7, 8], [1, 2, 3, 0, 0, 0, 4]]
    assert mask == [[1, 1, 1, 0, 0, 1, 1], [1] * 7, [1, 1, 1, 0, 0, 0, 1]]


def test_the_cache_is_copied_for_each_batch() -> None:
    model = LlamaForCausalLM(LlamaConfig(**SIZES)).eval()
    prefix = SharedPrefix(model, PROMPTS)
    first, second = prefix.expanded(2), prefix.expanded(4)
    assert first is not None
    assert second is not None
    assert first.layers[0].keys.shape == (2, 1, 3, 8)
    model(torch.tensor([[4], [5]]), past_key_values=first)
    assert first.get_seq_length() == 4
    assert prefix.cache is not None
    assert second.get_seq_length() == prefix.cache.get_seq_length() == 3


@pytest.mark.parametrize("prompts", [PROMPTS[:1], [[1, 2], [3, 4]]])
def test_nothing_is_shared(prompts: list[list[int]]) -> None:
    prefix = SharedPrefix(LlamaForCausalLM(LlamaConfig(**SIZES)), prompts)
    assert len(prefix) == 0
    assert prefix.expanded(1) is None
    assert prefix.obstacle is None
    assert prefix.pad([[3], [4, 5]], 0) == ([[0, 3], [4, 5]], [[0, 1], [1, 1]])


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: MistralForCausalLM(MistralConfig(**SIZES, sliding_window=4)), "its cache does not keep all tokens"),
        (lambda: BloomForCausalLM(BloomConfig(vocab_size=50, hidden_size=16, n_layer=1, n_head=2)), "no position_ids"),
    ],
    ids=["window", "positions"],
)
def test_models_that_cannot_share_a_prefix(model: Any, reason: str) -> None:
    prefix = SharedPrefix(model(), PROMPTS)
    assert len(prefix) == 0
    assert prefix.expanded(2) is None
    assert reason in (prefix.obstacle or "")
