"""How many texts are truncated, and how much of them is cut."""

import logging
from pathlib import Path

import numpy as np
import pytest

import tiny
from listill.corpus.collection import Collection
from listill.retrieval.encoder import Encoder
from listill.retrieval.truncation import Truncation, cut, of_documents, tokens_of
from listill.settings.students import Student
from listill.strings import Strings

# With [CLS], the prompt (2 tokens) and [SEP], the texts have 6, 8, 9 and 14 tokens.
TEXTS = ["old lava", "old lava near ice", "old lava near the ice", "old " * 10]


def encoder(folder: Path, max_length: int) -> Encoder:
    return Encoder(Student(model=str(folder), precision="fp32", max_length=max_length))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (8, Truncation(documents=2, of=4, tokens_cut=7 / 37)),
        (6, Truncation(documents=3, of=4, tokens_cut=13 / 37)),
        (14, Truncation(documents=0, of=4, tokens_cut=0.0)),
    ],
)
def test_documents_that_are_longer_than_max_length(tiny_model: Path, limit: int, expected: Truncation) -> None:
    """A text of exactly ``limit`` tokens is complete."""
    short = encoder(tiny_model, limit)
    assert of_documents(short, TEXTS, short.tokenise(TEXTS, "document")) == expected
    assert short.max_length == limit


def test_lengths_are_those_without_a_limit(tiny_model: Path) -> None:
    whole, short = encoder(tiny_model, 128), encoder(tiny_model, 8)
    texts = [row["text"] for row in tiny.tiny_documents(20)]
    for kind in ("query", "document"):
        np.testing.assert_array_equal(short.whole_lengths(texts, kind), whole.tokenise(texts, kind).lengths)  # type: ignore[arg-type]
    assert short.whole_lengths([], "query").tolist() == []


def test_only_texts_that_reach_the_limit_are_tokenised_again(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = encoder(tiny_model, 9)
    tokens, again = short.tokenise(TEXTS, "document"), []
    whole_lengths = short.whole_lengths

    def watched(texts: list[str], kind: str) -> np.ndarray:
        again.extend(texts)
        return whole_lengths(texts, kind)  # type: ignore[arg-type]

    monkeypatch.setattr(short, "whole_lengths", watched)
    of_documents(short, TEXTS, tokens)
    assert again == TEXTS[2:]


@pytest.mark.parametrize("block", [1, 3, 100])
def test_the_tokens_of_a_corpus_are_those_of_its_texts(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """However many documents are tokenised at a time."""
    monkeypatch.setattr("listill.retrieval.truncation.BLOCK", block)
    short, names = encoder(tiny_model, 8), [f"d{i}" for i in range(len(TEXTS))]
    documents = Collection(Strings.of(names), Strings.of([""] * len(TEXTS)), Strings.of(TEXTS), np.arange(len(TEXTS)))
    tokens, found = tokens_of(short, documents)
    expected = short.tokenise(TEXTS, "document")
    assert (tokens.ids.tolist(), tokens.starts.tolist()) == (expected.ids.tolist(), expected.starts.tolist())
    assert (tokens.ids.dtype, tokens.starts.dtype, tokens.suffix) == (np.int32, np.int64, expected.suffix)
    assert found == of_documents(short, TEXTS, expected)


def test_an_empty_corpus() -> None:
    assert Truncation.at(8, np.empty(0, dtype=np.int64)) == Truncation(0, 0, 0.0)


def test_the_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A warning with a way out if most texts are truncated, a note if some are, nothing if none is."""
    for truncated in (0, 2, 3):
        caplog.clear()
        with caplog.at_level(logging.INFO, "listill"):
            Truncation(truncated, 4, 0.35).report("encode s", "documents", "max_length (8)", "split them")
        if truncated == 0:
            assert caplog.records == []
            continue
        (record,) = caplog.records
        fix = "; split them" if truncated == 3 else ""
        assert record.levelno == (logging.WARNING if truncated == 3 else logging.INFO)
        assert record.getMessage() == (
            f"encode s: {truncated} of 4 documents ({25 * truncated}.0 %) are longer than max_length (8) and were "
            f"truncated; 35.0 % of all their tokens are cut{fix}"
        )


def test_texts_that_training_cuts_further(tiny_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = encoder(tiny_model, 64)
    tokens = whole.tokenise(TEXTS, "document")
    with caplog.at_level(logging.INFO, "listill"):
        assert cut(tokens, whole, None, "passages", "max_length").lengths.tolist() == [6, 8, 9, 14]
        assert cut(tokens, whole, 64, "passages", "max_length").lengths.tolist() == [6, 8, 9, 14]
        assert caplog.text == ""
        assert cut(tokens, whole, 8, "passages", "max_length").lengths.tolist() == [6, 8, 8, 8]
    assert "train: 2 of 4 passages (50.0 %) are longer than training.max_length (8) and were truncated" in caplog.text


def test_of_a_very_long_text_the_same_tokens_are_left_and_the_rest_is_estimated(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(row["text"] for row in tiny.tiny_documents(40)) * 10
    short = encoder(tiny_model, 16)
    tokens, lengths = short.tokenise([text, "lava"], "document"), short.whole_lengths([text, "lava"], "document")
    monkeypatch.setattr("listill.models.beginning.SHORT", 500)
    monkeypatch.setattr("listill.retrieval.encoder.COUNTED", 5000)
    again = short.tokenise([text, "lava"], "document")
    assert again.ids.tolist() == tokens.ids.tolist()
    assert again.lengths.tolist() == tokens.lengths.tolist() == [16, tokens.lengths[1]]
    estimated = short.whole_lengths([text, "lava"], "document")
    assert estimated[1] == lengths[1]
    assert estimated[0] == pytest.approx(lengths[0], rel=0.05)
