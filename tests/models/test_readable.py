"""Exceptions about the files of a model, as messages of one line."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from listill.errors import UserError
from listill.models.readable import check_padding, check_tokenizer, readable


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError("no file\nmore"), "no file"),
        (ValueError("\n  wrong.\n"), "wrong"),
        (KeyError("added_tokens"), "KeyError: 'added_tokens'"),
        (ValueError("field 'x':\n  expected int\n more"), "field 'x': expected int"),
        (
            RuntimeError("You set `ignore_mismatched_sizes`\nmore"),
            "its weights have other shapes than its config.json says",
        ),
        (ZeroDivisionError(), "ZeroDivisionError: "),
        (ValueError(), "ValueError: "),
    ],
    ids=repr,
)
def test_an_exception_becomes_one_line(error: Exception, message: str) -> None:
    with pytest.raises(UserError) as caught, readable("m", "try another"):
        raise error
    assert str(caught.value) == f"model m: cannot be loaded: {message}; try another"
    assert caught.value.__cause__ is error  # --debug shows it


@pytest.mark.parametrize(
    "error",
    [
        UserError("x"),
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 64.00 MiB."),
        torch.AcceleratorError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
        OSError(errno.ENOSPC, "full"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_what_is_no_fault_of_the_files_remains(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, readable("m"):
        raise error
    assert caught.value is error


def test_a_tokenizer_without_a_vocabulary(tiny_model: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    check_tokenizer(tokenizer, None, "m")
    (tmp_path / "config.json").write_text((tiny_model / "config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    empty = AutoTokenizer.from_pretrained(tmp_path)
    with pytest.raises(
        UserError, match=r"^model m: its tokenizer knows no letter .*tokenizer\.json.*download the model"
    ):
        check_tokenizer(empty, None, "m")


class Network:
    """A network with a number of embeddings, or without a table of them."""

    def __init__(self, rows: int | None) -> None:
        self.rows = rows

    def get_input_embeddings(self) -> Any:
        """Return the table."""
        if self.rows is None:
            raise NotImplementedError
        return torch.nn.Embedding(self.rows, 2)


def test_tokens_beyond_the_embeddings(tiny_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    check_tokenizer(tokenizer, Network(len(tokenizer)), "m")
    check_tokenizer(tokenizer, Network(None), "m")
    with pytest.raises(UserError, match=r"uses the token '.*' with the number .*, but the model has only 3 embeddings"):
        check_tokenizer(tokenizer, Network(3), "m")
    tokenizer.add_special_tokens({"pad_token": "<new>"})
    with pytest.raises(UserError, match="uses the token '<new>' with the number"):
        check_tokenizer(tokenizer, Network(len(tokenizer) - 1), "m")


def test_a_tokenizer_without_a_padding_token(tiny_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    check_padding(tokenizer, "m")
    tokenizer.pad_token = None
    with pytest.raises(
        UserError, match=r'^model m: its tokenizer has no padding token; add .* "pad_token": "\[SEP\]"$'
    ):
        check_padding(tokenizer, "m")
