"""Batches: their size, memory that runs out, scores that are no numbers."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.teachers import scorer
from listill.teachers.kinds.cross_encoder import CrossEncoder
from listill.teachers.pairs import Pairs
from listill.teachers.prompts import Tokens
from listill.teachers.scorer import Batch, Scorer


class Adds(CrossEncoder):
    """A reranker that adds up the token ids."""

    def forward(self, scorer: Scorer, batch: Batch, tokens: list[Tokens]) -> torch.Tensor:
        assert isinstance(scorer, Watched)
        ids, mask = batch["input_ids"], batch["attention_mask"]
        if ids.numel() > scorer.memory:
            raise torch.OutOfMemoryError("made up")
        scorer.shapes.append(tuple(ids.shape))  # type: ignore[arg-type]
        return (ids * mask).sum(1)


class Watched(Scorer):
    """A scorer whose memory holds ``memory`` tokens; it keeps the shapes of its batches."""

    def __init__(self, member: Adds) -> None:
        super().__init__(member)
        self.memory = 10**9
        self.shapes: list[tuple[int, int]] = []


def watched(folder: Path, max_length: int) -> Watched:
    return Watched(Adds(kind="cross_encoder", model=str(folder), max_length=max_length, precision="fp32"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_rerankers.bert_classifier(tmp_path_factory.mktemp("scorer") / "model")


@pytest.fixture
def adds(folder: Path) -> Watched:
    return watched(folder, 128)


@pytest.fixture
def expected(adds: Watched, pairs: Pairs) -> list[int]:
    texts = pairs.texts(pairs.text)
    joined = [adds.tokenizer(pairs.queries[q], text)["input_ids"] for q, text in zip(pairs.query, texts, strict=True)]
    return [sum(ids) for ids in joined]


@pytest.mark.parametrize("budget", [60, 500, 4096])
def test_batches_stay_within_the_budget_with_little_padding(
    adds: Watched, pairs: Pairs, expected: list[int], budget: int
) -> None:
    adds.budget = budget
    assert adds.score(pairs).tolist() == expected
    assert sum(rows for rows, _ in adds.shapes) == len(pairs)
    assert all(rows == 1 or rows * width <= budget for rows, width in adds.shapes)
    assert [width for _, width in adds.shapes] == sorted((width for _, width in adds.shapes), reverse=True)


def test_out_of_memory_halves_the_batch_and_goes_on(
    adds: Watched, pairs: Pairs, expected: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    adds.budget, adds.memory = 10**6, 400
    with caplog.at_level(logging.INFO, "listill"):
        assert adds.score(pairs).tolist() == expected
    assert adds.budget <= 400
    tries = caplog.text.count("out of memory; goes on with")
    assert 1 <= tries <= 6
    adds.shapes.clear()
    caplog.clear()
    assert adds.score(pairs).tolist() == expected  # the next block begins with what fitted
    assert "out of memory" not in caplog.text


def test_a_single_pair_that_does_not_fit(adds: Watched, pairs: Pairs) -> None:
    adds.memory = 10
    with pytest.raises(UserError, match=r"out of memory with a single pair of \d+ tokens; set a smaller max_length"):
        adds.score(pairs)


def test_other_errors_are_not_taken_for_memory(adds: Watched, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> torch.Tensor:
        raise RuntimeError("something else")

    monkeypatch.setattr(Adds, "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        adds.score(pairs)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_no_number_names_its_query(
    adds: Watched, pairs: Pairs, bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = 23
    text = pairs.texts(pairs.text)[place]
    ids = adds.tokenizer(pairs.queries[pairs.query[place]], text)["input_ids"]

    def broken(member: Adds, scorer: Scorer, batch: Batch, tokens: list[Tokens]) -> torch.Tensor:
        return torch.tensor([bad if one.ids.tolist() == ids else 1.0 for one in tokens])

    monkeypatch.setattr(Adds, "forward", broken)
    with pytest.raises(UserError) as caught:
        adds.score(pairs)
    document = pairs.collection.doc_ids[pairs.text[place]]
    named = f"query '{pairs.queries[pairs.query[place]]}' and document '{document}'"
    assert str(caught.value).endswith(f"its score of {named} is not a number: the model is broken")
    adds.bf16 = True
    with pytest.raises(UserError, match="is not a number: set precision: fp32"):
        adds.score(pairs)


def test_pairs_that_were_cut_are_counted(folder: Path, pairs: Pairs, caplog: pytest.LogCaptureFixture) -> None:
    short = watched(folder, 16)
    with caplog.at_level(logging.INFO, "listill"):
        short.score(pairs)
    assert "100.0 % of the pairs are longer than max_length 16" in caplog.text
    assert {width for _, width in short.shapes} == {16}


def test_a_block_larger_than_a_window_is_held_in_parts(
    adds: Watched, pairs: Pairs, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    tokens_of = Scorer._tokens

    def counted(self: Scorer, pairs: Pairs, chosen: np.ndarray) -> list[Tokens]:
        held.append(len(chosen))
        return tokens_of(self, pairs, chosen)

    monkeypatch.setattr(scorer, "WINDOW", 20)
    monkeypatch.setattr(Scorer, "_tokens", counted)
    assert adds.score(pairs).tolist() == expected
    assert held == [20, 20, 20, 10]
