"""Tokens: truncated in the same way as by a tokenizer, and split into chunks of similar lengths."""

from pathlib import Path

import numpy as np
import pytest

import tiny
from listill.retrieval.encoder import Encoder, Kind
from listill.retrieval.tokens import Tokens, chunks
from listill.settings.students import Student

TEXTS = ["Lava", *(f"{row['title']} {row['text']}" for row in tiny.tiny_documents(20))]


@pytest.mark.parametrize("kind", ["query", "document"])
def test_cut_equals_the_truncation_of_the_tokenizer(tiny_model: Path, kind: Kind) -> None:
    complete = Encoder(Student(model=str(tiny_model), precision="fp32")).tokenise(TEXTS, kind)
    for length in (4, 9, 20, 64, 1000):
        short = Encoder(Student(model=str(tiny_model), precision="fp32", max_length=min(length, 64)))
        expected = short.tokenise(TEXTS, kind)
        truncated = complete.cut(length)
        assert truncated.lengths.max() <= length
        assert [truncated[i].tolist() for i in range(len(TEXTS))] == [expected[i].tolist() for i in range(len(TEXTS))]


def test_cut_without_a_closing_token() -> None:
    tokens = Tokens.of([np.array([1, 2, 3, 4]), np.array([5])], suffix=0).cut(2)
    assert [tokens[0].tolist(), tokens[1].tolist()] == [[1, 2], [5]]


def test_take_and_add() -> None:
    first = Tokens.of([np.array([1, 2]), np.array([3])], suffix=1)
    both = first + Tokens.of([np.array([4, 5, 6])], suffix=1)
    assert (len(both), both.lengths.tolist()) == (3, [2, 1, 3])
    taken = both.take(np.array([2, 0, 2]))
    assert [taken[i].tolist() for i in range(3)] == [[4, 5, 6], [1, 2], [4, 5, 6]]
    assert len(first + Tokens.of([], suffix=1)) == 2
    assert Tokens.of([], suffix=1).cut(3).lengths.tolist() == []


@pytest.mark.parametrize("budget", [1, 30, 100, 10_000])
def test_chunks_partition_the_texts_within_the_budget(budget: int) -> None:
    lengths = np.random.default_rng(0).integers(3, 60, size=80)
    result = list(chunks(lengths, budget))
    assert sorted(np.concatenate(result).tolist()) == list(range(80))
    for chunk in result:
        assert len(chunk) == 1 or len(chunk) * lengths[chunk].max() <= budget
    longest = [lengths[chunk].max() for chunk in result]
    assert longest == sorted(longest, reverse=True)
    if budget == 10_000:
        assert len(result) == 1


def test_chunks_are_as_full_as_possible() -> None:
    lengths = np.array([10, 10, 10, 5, 5, 5, 5])
    assert [lengths[chunk].tolist() for chunk in chunks(lengths, 20)] == [[10, 10], [10, 5], [5, 5, 5]]
