"""How many tokens a model can read: found in its table of positions, and compared with what it reads."""

from pathlib import Path

import pytest
import torch
import transformers
from transformers import AutoModel

import tiny
import tiny_students
from listill.errors import UserError
from listill.models.positions import check_length, positions

SMALL = {"vocab_size": 50, "max_position_embeddings": 40}
HIDDEN = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
BART = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
BART |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
DISTIL = {"dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 64}
GPT = {"vocab_size": 50, "n_positions": 40, "n_embd": 32, "n_layer": 1, "n_head": 2, "bos_token_id": 1}


@pytest.mark.parametrize(
    ("name", "settings", "tokens"),
    [
        ("Bert", SMALL | HIDDEN, 40),
        ("DistilBert", SMALL | DISTIL, 40),
        ("Roberta", SMALL | HIDDEN, 38),
        ("MPNet", SMALL | HIDDEN, 38),
        ("Bart", SMALL | BART, 40),
        ("GPT2", GPT, 40),
    ],
)
def test_a_model_reads_as_many_tokens_as_it_has_positions_for(name: str, settings: dict[str, int], tokens: int) -> None:
    config = getattr(transformers, f"{name}Config")(**settings)
    model = getattr(transformers, f"{name}Model")(config).eval()
    assert positions(model) == tokens
    model(input_ids=torch.full((1, tokens), 7))
    with pytest.raises((RuntimeError, IndexError)):
        model(input_ids=torch.full((1, tokens + 1), 7))


def test_relative_and_rotary_positions_have_no_limit(tmp_path: Path) -> None:
    for number, folder in enumerate(
        (tiny_students.deberta(tmp_path / "d"), tiny_students.modernbert(tmp_path / "m", 8))
    ):
        model = AutoModel.from_pretrained(folder).eval()
        assert positions(model) is None, number
        model(input_ids=torch.full((1, 600), 7))


def test_the_positions_of_a_loaded_model(tmp_path: Path) -> None:
    assert positions(AutoModel.from_pretrained(tiny.make_tiny_model(tmp_path / "m"))) == 128
    assert positions(AutoModel.from_pretrained(tiny_students.roberta(tmp_path / "r"))) == 128


def test_a_length_beyond_the_limit() -> None:
    check_length("m", "student", 128, 128)
    with pytest.raises(
        UserError, match=r"^model m: max_length is 129, but the model reads at most 128 tokens; set max_length"
    ):
        check_length("m", "student", 129, 128)
