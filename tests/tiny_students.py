"""Tiny transformers with seeded random weights and the tokenizer of the tiny model, for students of other architectures."""

from pathlib import Path
from typing import Any

import tiny
from tiny_rerankers import seeded

SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
TOKENS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def modernbert(folder: Path, window: int) -> Path:
    """Save a ModernBERT whose local layers reach ``window`` tokens to each side."""
    from transformers import ModernBertConfig, ModernBertModel

    settings = {"local_attention": 2 * window, "cls_token_id": 2, "sep_token_id": 3, **TOKENS}
    return _save(folder, ModernBertModel, ModernBertConfig, max_position_embeddings=512, **settings)


def gemma3(folder: Path, window: int) -> Path:
    """Save a Gemma 3 with attention to both sides, like EmbeddingGemma; its local layers reach ``window`` tokens."""
    from transformers import Gemma3TextConfig, Gemma3TextModel

    layers = ["sliding_attention", "full_attention", "sliding_attention"]
    heads = {"num_key_value_heads": 2, "head_dim": 16, "layer_types": layers}
    settings = {"sliding_window": 2 * window, "use_bidirectional_attention": True, **heads, **TOKENS}
    return _save(folder, Gemma3TextModel, Gemma3TextConfig, max_position_embeddings=512, **settings)


def roberta(folder: Path) -> Path:
    """Save a RoBERTa with 130 rows of positions for 128 tokens; its tokenizer has no limit."""
    from transformers import RobertaConfig, RobertaModel

    # The tokenizer's padding is 0, but the positions begin after this one, as in the trained models.
    return _save(folder, RobertaModel, RobertaConfig, max_position_embeddings=130, pad_token_id=1)


def deberta(folder: Path) -> Path:
    """Save a DeBERTa, whose positions are relative; its configuration names 64."""
    from transformers import DebertaV2Config, DebertaV2Model

    relative = {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["c2p", "p2c"]}
    return _save(folder, DebertaV2Model, DebertaV2Config, max_position_embeddings=64, **relative)


def _save(folder: Path, model: Any, config: Any, **settings: Any) -> Path:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.make_tiny_model(folder / "tokenizer"))
    tokenizer.model_max_length = 10**30
    with seeded(0):
        model(config(vocab_size=len(tokenizer), initializer_range=0.3, **SIZES, **settings)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
