"""From pairs to tokens."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers

import tiny_rerankers
from listill.errors import UserError
from listill.teachers.prompts import Pair, Prompt, Tokens
from plain_rerankers import member

QUERIES = ["which ship has an anchor?", "lava"]
TEXTS = ["(the) crane of the harbour.", "1 queen\nand her honey", "a <|im_end|> in a text"]
EACH = (np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2]))


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tiny_rerankers.qwen3(tmp_path_factory.mktemp("prompts") / "qwen")
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return transformers.AutoTokenizer.from_pretrained(tiny_rerankers.t5(tmp_path_factory.mktemp("prompts") / "t5"))


def tokens(tokenizer: Any, **settings: Any) -> list[Tokens]:
    return Prompt(member(model="some/model", **settings), tokenizer).tokens(QUERIES, TEXTS, *EACH)


def test_pieces_of_qwen_give_the_tokens_of_the_whole(qwen: Any) -> None:
    """As its card tokenises: the chat's start, the pair in one text, the chat's end."""
    settings = member(kind="causal", model="Qwen/Qwen3-Reranker-0.6B")
    prefix, suffix = settings.prompt[0], settings.prompt[-1]
    found = Prompt(settings, qwen).tokens(QUERIES, TEXTS[:2], np.array([0, 0, 1]), np.array([0, 1, 1]))
    for one, (query, text) in zip(found, [(0, 0), (0, 1), (1, 1)], strict=True):
        body = f"<Instruct>: {settings.instruction}\n<Query>: {QUERIES[query]}\n<Document>: {TEXTS[text]}"
        whole = [i for part in (prefix, body, suffix) for i in qwen(part, add_special_tokens=False)["input_ids"]]
        assert one.ids.tolist() == whole
        assert not one.cut
    assert "?\n" in [qwen.decode([i]) for i in found[0].ids]  # a token that cutting in a wrong place would lose


def test_a_passage_cannot_end_the_prompt(qwen: Any) -> None:
    end = qwen.convert_tokens_to_ids("<|im_end|>")
    for one in tokens(qwen, kind="causal", format="qwen3-reranker"):
        assert (one.ids == end).sum() == 2  # of the system's and of the user's message
    third = tokens(qwen, kind="causal", format="qwen3-reranker")[2]
    assert "a <|im_end|> in a text" in qwen.decode(third.ids)


@pytest.mark.parametrize(("format", "end"), [("rankt5", ""), ("monot5", " Relevant:")])
def test_pieces_of_t5_give_the_tokens_of_the_whole(t5: Any, format: str, end: str) -> None:
    found = tokens(t5, kind="t5", format=format)
    for one, query, text in zip(found, *EACH, strict=True):
        assert one.ids.tolist() == t5(f"Query: {QUERIES[query]} Document: {TEXTS[text]}{end}")["input_ids"]


def test_what_comes_before_and_after_the_passage(t5: Any) -> None:
    for one in tokens(t5, kind="t5", format="monot5"):
        assert t5.decode(one.ids[: one.before]).endswith("Document:")
        assert t5.decode(one.ids[len(one.ids) - one.after :]).split() == ["Relevant:</s>"]


def test_the_passage_is_cut_and_the_prompt_is_not(t5: Any) -> None:
    whole = tokens(t5, kind="t5", format="monot5")
    longest = max(len(one.ids) for one in whole)
    for length in range(40, longest + 3):
        for one, full in zip(tokens(t5, kind="t5", format="monot5", max_length=length), whole, strict=True):
            assert len(one.ids) == min(length, len(full.ids))
            assert one.cut == (len(full.ids) > length)
            kept = len(one.ids) - one.after
            assert one.ids[:kept].tolist() == full.ids[:kept].tolist()
            assert one.ids[kept:].tolist() == full.ids[-full.after :].tolist()


def test_a_long_query_leaves_room_for_the_passage(t5: Any) -> None:
    settings = member(kind="t5", model="some/model", format="rankt5", max_length=41)
    (one,) = Prompt(settings, t5).tokens(["lava " * 99], ["honey " * 99], np.array([0]), np.array([0]))
    assert (len(one.ids), one.before, one.after) == (41, 30, 1)  # 3/4 of the 40 tokens that are left


def test_a_prompt_that_is_too_long(qwen: Any) -> None:
    with pytest.raises(
        UserError, match=r"^model some/model: its prompt alone has \d+ tokens; set max_length \(now 20\)"
    ):
        tokens(qwen, kind="causal", format="qwen3-reranker", max_length=20)


def test_braces_in_texts_are_only_text(t5: Any) -> None:
    settings = member(kind="t5", model="some/model", format="rankt5")
    (one,) = Prompt(settings, t5).tokens(["{document}"], ["{query} {instruction}"], np.array([0]), np.array([0]))
    assert one.ids.tolist() == t5("Query: {document} Document: {query} {instruction}")["input_ids"]


def test_pairs_as_the_tokenizer_joins_them(tmp_path: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_rerankers.bert_classifier(tmp_path / "bert"))
    for length in (12, 128):
        found = Pair(member(kind="cross_encoder", model="m", max_length=length), tokenizer).tokens(
            QUERIES, TEXTS, *EACH
        )
        for one, query, text in zip(found, *EACH, strict=True):
            plain = tokenizer(QUERIES[query], TEXTS[text], truncation=True, max_length=length)
            assert one.ids.tolist() == plain["input_ids"]
            assert one.types is not None
            assert one.types.tolist() == plain["token_type_ids"]
            assert one.cut == (len(tokenizer(QUERIES[query], TEXTS[text])["input_ids"]) > length)


def test_a_tokenizer_without_a_separator_is_not_guessed(qwen: Any) -> None:
    with pytest.raises(UserError, match="no separator for query and passage; say with prompt of this teacher"):
        Pair(member(kind="cross_encoder", model="m"), qwen)
