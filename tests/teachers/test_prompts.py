"""Tokenising pairs with a prompt and with the tokenizer's own format."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers

import tiny
import tiny_rerankers
from listill.errors import UserError
from listill.teachers.prompts import PairTokenizer, PairTokens, PromptTokenizer
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


def tokens(tokenizer: Any, **settings: Any) -> list[PairTokens]:
    return PromptTokenizer(member(model="some/model", **settings), tokenizer).tokens(QUERIES, TEXTS, *EACH)


def test_tokens_of_qwen_equal_those_of_the_model_card(qwen: Any) -> None:
    """The model card tokenises the start of the chat, the pair as one text, and the end of the chat."""
    settings = member(kind="causal", model="Qwen/Qwen3-Reranker-0.6B")
    prefix, suffix = settings.prompt[0], settings.prompt[-1]
    result = PromptTokenizer(settings, qwen).tokens(QUERIES, TEXTS[:2], np.array([0, 0, 1]), np.array([0, 1, 1]))
    for pair, (query, text) in zip(result, [(0, 0), (0, 1), (1, 1)], strict=True):
        body = f"<Instruct>: {settings.instruction}\n<Query>: {QUERIES[query]}\n<Document>: {TEXTS[text]}"
        expected = [i for part in (prefix, body, suffix) for i in qwen(part, add_special_tokens=False)["input_ids"]]
        assert pair.ids.tolist() == expected
        assert not pair.cut
    assert "?\n" in [qwen.decode([i]) for i in result[0].ids]  # a wrong split into pieces would break this token


def test_a_passage_cannot_end_the_prompt(qwen: Any) -> None:
    end = qwen.convert_tokens_to_ids("<|im_end|>")
    for pair in tokens(qwen, kind="causal", format="qwen3-reranker"):
        assert (pair.ids == end).sum() == 2  # of the system's and of the user's message
    third = tokens(qwen, kind="causal", format="qwen3-reranker")[2]
    assert "a <|im_end|> in a text" in qwen.decode(third.ids)


@pytest.mark.parametrize(("format", "end"), [("rankt5", ""), ("monot5", " Relevant:")])
def test_tokens_of_t5_equal_those_of_the_complete_prompt(t5: Any, format: str, end: str) -> None:
    result = tokens(t5, kind="t5", format=format)
    for pair, query, text in zip(result, *EACH, strict=True):
        assert pair.ids.tolist() == t5(f"Query: {QUERIES[query]} Document: {TEXTS[text]}{end}")["input_ids"]


def test_tokens_before_and_after_the_passage(t5: Any) -> None:
    for pair in tokens(t5, kind="t5", format="monot5"):
        assert t5.decode(pair.ids[: pair.before]).endswith("Document:")
        assert t5.decode(pair.ids[len(pair.ids) - pair.after :]).split() == ["Relevant:</s>"]


def test_the_passage_is_truncated_and_the_prompt_is_not(t5: Any) -> None:
    complete = tokens(t5, kind="t5", format="monot5")
    longest = max(len(pair.ids) for pair in complete)
    for length in range(40, longest + 3):
        for pair, full in zip(tokens(t5, kind="t5", format="monot5", max_length=length), complete, strict=True):
            assert len(pair.ids) == min(length, len(full.ids))
            assert pair.cut == (len(full.ids) > length)
            kept = len(pair.ids) - pair.after
            assert pair.ids[:kept].tolist() == full.ids[:kept].tolist()
            assert pair.ids[kept:].tolist() == full.ids[-full.after :].tolist()


def test_a_long_query_is_truncated(t5: Any) -> None:
    settings = member(kind="t5", model="some/model", format="rankt5", max_length=41)
    (pair,) = PromptTokenizer(settings, t5).tokens(["lava " * 99], ["honey " * 99], np.array([0]), np.array([0]))
    assert (len(pair.ids), pair.before, pair.after) == (41, 30, 1)  # 3/4 of the 40 available tokens


def test_a_prompt_that_is_too_long(qwen: Any) -> None:
    with pytest.raises(
        UserError, match=r"^model some/model: its prompt alone has \d+ tokens; increase max_length \(now 20\)"
    ):
        tokens(qwen, kind="causal", format="qwen3-reranker", max_length=20)


def test_placeholders_in_texts_are_not_replaced(t5: Any) -> None:
    settings = member(kind="t5", model="some/model", format="rankt5")
    texts = ["{query} {instruction}"]
    (pair,) = PromptTokenizer(settings, t5).tokens(["{document}"], texts, np.array([0]), np.array([0]))
    assert pair.ids.tolist() == t5("Query: {document} Document: {query} {instruction}")["input_ids"]


def test_pairs_are_joined_by_the_tokenizer(tmp_path: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_rerankers.bert_classifier(tmp_path / "bert"))
    for length in (12, 128):
        settings = member(kind="cross_encoder", model="m", max_length=length)
        result = PairTokenizer(settings, tokenizer).tokens(QUERIES, TEXTS, *EACH)
        for pair, query, text in zip(result, *EACH, strict=True):
            expected = tokenizer(QUERIES[query], TEXTS[text], truncation=True, max_length=length)
            assert pair.ids.tolist() == expected["input_ids"]
            assert pair.types is not None
            assert pair.types.tolist() == expected["token_type_ids"]
            assert pair.cut == (len(tokenizer(QUERIES[query], TEXTS[text])["input_ids"]) > length)


def test_a_tokenizer_without_a_separator_is_rejected(qwen: Any) -> None:
    with pytest.raises(UserError, match="no separator for query and passage; set prompt of this teacher"):
        PairTokenizer(member(kind="cross_encoder", model="m"), qwen)


@pytest.mark.parametrize("with_prompt", [True, False])
def test_very_long_texts_have_the_same_tokens(
    with_prompt: bool, tiny_model: Path, qwen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are cut before they are tokenised, whichever of query and passage is the longer one."""
    words = " ".join(row["text"] for row in tiny.tiny_documents(40))
    queries, texts = ["lava", words, words[:1200]], ["ash", words * 3, words[:900]]
    every = np.repeat(np.arange(3), 3), np.tile(np.arange(3), 3)

    def made() -> list[PairTokens]:
        if with_prompt:
            return PromptTokenizer(member(kind="causal", model="m", format="qwen3-reranker"), qwen).tokens(
                queries, texts, *every
            )
        bert = transformers.AutoTokenizer.from_pretrained(tiny_model)
        return PairTokenizer(member(kind="cross_encoder", model="m", max_length=64), bert).tokens(
            queries, texts, *every
        )

    before = made()
    monkeypatch.setattr("listill.models.beginning.SHORT", 500)
    for one, other in zip(before, made(), strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.cut == other.cut
