"""Batches: their size, running out of memory, and scores that are not numbers."""

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.teachers import scorer
from listill.teachers.kinds.cross_encoder import CrossEncoder
from listill.teachers.pairs import Pairs
from listill.teachers.prompts import PairTokens
from listill.teachers.scorer import Batch, Scorer


class SumReranker(CrossEncoder):
    """A reranker whose score is the sum of the token ids."""

    def forward(self, scorer: Scorer, batch: Batch, tokens: list[PairTokens]) -> torch.Tensor:
        assert isinstance(scorer, RecordingScorer)
        ids, mask = batch["input_ids"], batch["attention_mask"]
        if ids.numel() > scorer.memory:
            raise torch.OutOfMemoryError("simulated")
        scorer.shapes.append(tuple(ids.shape))  # type: ignore[arg-type]
        return (ids * mask).sum(1)


class RecordingScorer(Scorer):
    """A scorer whose memory is limited to ``memory`` tokens, and which records the shapes of its batches."""

    def __init__(self, member: SumReranker) -> None:
        super().__init__(member)
        self.memory = 10**9
        self.shapes: list[tuple[int, int]] = []


def recording_scorer(folder: Path, max_length: int) -> RecordingScorer:
    return RecordingScorer(
        SumReranker(kind="cross_encoder", model=str(folder), max_length=max_length, precision="fp32")
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_rerankers.bert_classifier(tmp_path_factory.mktemp("scorer") / "model")


@pytest.fixture
def sums(folder: Path) -> RecordingScorer:
    return recording_scorer(folder, 128)


@pytest.fixture
def expected(sums: RecordingScorer, pairs: Pairs) -> list[int]:
    texts = pairs.texts(pairs.text)
    query_texts = [pairs.queries[q] for q in pairs.query]
    token_ids = [sums.tokenizer(q, text)["input_ids"] for q, text in zip(query_texts, texts, strict=True)]
    return [sum(ids) for ids in token_ids]


@pytest.mark.parametrize("budget", [60, 500, 4096])
def test_batches_stay_within_the_budget_with_little_padding(
    sums: RecordingScorer, pairs: Pairs, expected: list[int], budget: int
) -> None:
    sums.budget = budget
    assert sums.score(pairs).tolist() == expected
    assert sum(rows for rows, _ in sums.shapes) == len(pairs)
    assert all(rows == 1 or rows * width <= budget for rows, width in sums.shapes)
    assert [width for _, width in sums.shapes] == sorted((width for _, width in sums.shapes), reverse=True)


def test_out_of_memory_halves_the_batch_and_continues(
    sums: RecordingScorer, pairs: Pairs, expected: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    sums.budget, sums.memory = 10**6, 400
    with caplog.at_level(logging.INFO, "listill"):
        assert sums.score(pairs).tolist() == expected
    assert sums.budget <= 400
    attempts = caplog.text.count("out of memory; continuing with")
    assert 1 <= attempts <= 6
    sums.shapes.clear()
    caplog.clear()
    assert sums.score(pairs).tolist() == expected  # the next block starts with the size that fitted
    assert "out of memory" not in caplog.text


def test_a_single_pair_that_does_not_fit(sums: RecordingScorer, pairs: Pairs) -> None:
    sums.memory = 10
    with pytest.raises(UserError, match=r"out of memory with a single pair of \d+ tokens; reduce max_length"):
        sums.score(pairs)


def test_other_errors_are_not_treated_as_out_of_memory(
    sums: RecordingScorer, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> torch.Tensor:
        raise RuntimeError("something else")

    monkeypatch.setattr(SumReranker, "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        sums.score(pairs)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_error_for_an_invalid_score_names_the_pair(
    sums: RecordingScorer, pairs: Pairs, bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = 23
    text = pairs.texts(pairs.text)[p]
    ids = sums.tokenizer(pairs.queries[pairs.query[p]], text)["input_ids"]

    def broken(member: SumReranker, scorer: Scorer, batch: Batch, tokens: list[PairTokens]) -> torch.Tensor:
        return torch.tensor([bad if pair.ids.tolist() == ids else 1.0 for pair in tokens])

    monkeypatch.setattr(SumReranker, "forward", broken)
    with pytest.raises(UserError) as caught:
        sums.score(pairs)
    document = pairs.collection.doc_ids[pairs.text[p]]
    pair = f"query '{pairs.queries[pairs.query[p]]}' and document '{document}'"
    assert str(caught.value).endswith(f"its score of {pair} is not a number: the model is broken; use another one")
    sums.bf16 = True
    with pytest.raises(UserError, match="is not a number: set precision: fp32"):
        sums.score(pairs)


def test_truncated_pairs_are_counted(folder: Path, pairs: Pairs, caplog: pytest.LogCaptureFixture) -> None:
    short = recording_scorer(folder, 16)
    with caplog.at_level(logging.INFO, "listill"):
        short.score(pairs)
    assert "100.0 % of the pairs are longer than max_length (16) and were truncated" in caplog.text
    assert {width for _, width in short.shapes} == {16}


def test_a_block_larger_than_a_window_is_split(
    sums: RecordingScorer, pairs: Pairs, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    original = Scorer._tokens

    def recorded(self: Scorer, pairs: Pairs, window: np.ndarray) -> list[PairTokens]:
        sizes.append(len(window))
        return original(self, pairs, window)

    monkeypatch.setattr(scorer, "WINDOW", 20)
    monkeypatch.setattr(Scorer, "_tokens", recorded)
    assert sums.score(pairs).tolist() == expected
    assert sizes == [20, 20, 20, 10]


def test_the_next_part_is_tokenised_while_the_model_scores(
    sums: RecordingScorer, pairs: Pairs, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model waits for the tokens of the next part, and each part has its own scores."""
    tokenised = [threading.Event() for _ in range(4)]
    tokens, forward = Scorer._tokens, SumReranker.forward

    def recorded(self: Scorer, part: Pairs, window: np.ndarray) -> list[PairTokens]:
        assert threading.current_thread() is not threading.main_thread()
        result = tokens(self, part, window)
        next(event for event in tokenised if not event.is_set()).set()
        return result

    def waiting(member: SumReranker, scorer: Scorer, batch: Batch, of_batch: list[PairTokens]) -> torch.Tensor:
        assert tokenised[min(len(finished) + 1, 3)].wait(10)
        return forward(member, scorer, batch, of_batch)

    monkeypatch.setattr(Scorer, "_tokens", recorded)
    monkeypatch.setattr(SumReranker, "forward", waiting)
    parts = [pairs.take(rows) for rows in np.split(np.arange(len(pairs)), [9, 30, 55])]
    finished: list[np.ndarray] = []
    for scores in sums.score_parts(parts):
        finished.append(scores)
    assert [len(scores) for scores in finished] == [len(part) for part in parts]
    assert np.concatenate(finished).tolist() == expected
