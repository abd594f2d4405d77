"""The beginning of a long text has the same first tokens as the whole."""

from pathlib import Path
from typing import Any

import pytest
import transformers

import tiny
import tiny_rerankers
from listill.models.beginning import MARGIN, SHORT, beginning

WORDS = " ".join(row["text"] for row in tiny.tiny_documents(40))
LONG = {
    "words": WORDS * 60,
    "one word": "lava" * 50_000,
    "no blanks": "没有面粉的熔岩很快就会损坏。" * 15_000,
    "blanks": " " * 300_000 + WORDS,
    "lines": "old lava\n" * 30_000,
    "a few words after one": "lava" * 30_000 + " " + WORDS * 5,
}


@pytest.fixture(scope="module", params=["bert", "qwen3", "t5"])
def tokenizer(request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tiny_model
    if request.param != "bert":
        folder = getattr(tiny_rerankers, request.param)(tmp_path_factory.mktemp("beginning") / request.param)
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("tokens", [8, 512, 4000])
def test_the_first_tokens_are_the_same(name: str, tokens: int, tokenizer: Any) -> None:
    text = LONG[name]
    start = beginning(text, tokens, tokenizer)
    assert text.startswith(start)
    whole, part = (tokenizer(one, add_special_tokens=False, verbose=False)["input_ids"] for one in (text, start))
    assert part[:tokens] == whole[:tokens]
    assert len(part) >= tokens + MARGIN or start == text


def test_little_is_left_of_a_long_text(tokenizer: Any) -> None:
    assert len(beginning(LONG["words"] * 10, 512, tokenizer)) <= SHORT


def test_a_short_text_is_not_looked_at() -> None:
    assert beginning("x " * (SHORT // 2), 8, None) == "x " * (SHORT // 2)
