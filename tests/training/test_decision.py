"""The decision between the best weights and the base model, on the whole corpus."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from listill.corpus.collection import Collection
from listill.evaluation.topics import EvaluationQueries
from listill.measure_names import SELECTION
from listill.settings.selection import Selection
from listill.training.decision import decide
from listill.training.loop import Result
from listill.training.parts import Whole
from listill.training.selection import Selector, selector, whole_corpus

SIZE, QUERIES = 1500, 40


class Positions(list[int]):
    """Texts, represented by their positions, as tokens are."""

    def take(self, positions: np.ndarray) -> "Positions":
        return Positions([self[i] for i in positions])


class Noisy:
    """An encoder whose embeddings are the true ones with some noise; weights of step n select the noise."""

    dimension = 24

    def __init__(self, noise: dict[int, float]) -> None:
        rng = np.random.default_rng(3)
        truth = rng.normal(size=(SIZE, 24))
        queries = truth[:QUERIES] + rng.normal(0, 0.3, (QUERIES, 24))
        self.documents = {step: truth + rng.normal(0, level, truth.shape) for step, level in noise.items()}
        self.queries = {step: queries + rng.normal(0, level, queries.shape) for step, level in noise.items()}
        self.model = torch.nn.Linear(1, 1, bias=False)
        self.use(0)

    def use(self, step: int) -> None:
        self.model.load_state_dict(self.weights(step))

    @staticmethod
    def weights(step: int) -> dict[str, torch.Tensor]:
        return {"weight": torch.full((1, 1), float(step))}

    @property
    def step(self) -> int:
        return int(self.model.weight.item())

    def tokenise(self, texts: list[str], kind: str) -> Positions:
        return Positions(range(len(texts)))

    def encode(self, texts: Positions, kind: str, label: str = "") -> np.ndarray:
        vectors = (self.queries if kind == "query" else self.documents)[self.step][list(texts)]
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def collection() -> Collection:
    ids = [f"d{i:04}" for i in range(SIZE)]
    return Collection(ids, [None] * SIZE, ids, np.arange(SIZE))


def prepared(collection: Collection, noise: dict[int, float]) -> tuple[Any, EvaluationQueries, Selector, np.ndarray]:
    names = [f"q{i:02}" for i in range(QUERIES)]
    queries = pd.DataFrame({"query_id": names, "text": "x", "split": "dev", "type": "human"})
    judged = pd.DataFrame({"query_id": names, "doc_id": collection.doc_ids[:QUERIES], "relevance": 1, "split": "dev"})
    encoder: Any = Noisy(noise)
    evaluated = EvaluationQueries(queries, judged)
    everything: Any = Positions(range(SIZE))
    whole = whole_corpus(collection, evaluated, encoder, everything)
    return encoder, evaluated, whole, encoder.encode(everything, "document")


def result(best: float) -> Result:
    history = [{"step": 0, "split": "dev", SELECTION: 0.1}, {"step": 7, "split": "dev", SELECTION: best}]
    return Result(history, best_step=7, best=best, kept="step", untrained=Noisy.weights(0))


def test_a_part_of_the_corpus_favours_worse_weights_but_does_not_decide(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The part has the base model's confusions, but not those of the weights: they win on it, and lose on the whole."""
    encoder, evaluated, whole, base_embeddings = prepared(collection, {0: 0.60, 7: 0.64})
    base = whole.measure(encoder, base_embeddings)
    part, base_on_part = selector(whole, evaluated, encoder, base_embeddings, Selection(documents=400), 1)
    assert base_on_part == pytest.approx(base)
    encoder.use(7)
    on_part = part.measure(encoder)
    assert on_part > base_on_part
    with caplog.at_level(logging.WARNING, "listill"):
        decision = decide(encoder, result(on_part), [Whole(whole, base, base_embeddings)], tmp_path)
    assert encoder.step == 0
    assert (decision.result.best_step, decision.result.kept, decision.result.best) == (0, "step", base)
    assert decision.summary() == {"best_step": 0, "kept": "step"}
    np.testing.assert_array_equal(decision.embeddings[0], base_embeddings)
    rows = [row for row in decision.result.history if row["split"] == "decision"]
    assert [row["step"] for row in rows] == [0, 7]
    assert rows[1][SELECTION] < rows[0][SELECTION] == base
    assert "training did not help: the base model is kept" in caplog.text
    assert f"on the whole corpus, step 7 has only {rows[1][SELECTION]:.4f}" in caplog.text


def test_better_weights_are_kept_with_their_embeddings(collection: Collection, tmp_path: Path) -> None:
    encoder, _, whole, base_embeddings = prepared(collection, {0: 0.60, 7: 0.30})
    base = whole.measure(encoder, base_embeddings)
    encoder.use(7)
    decision = decide(encoder, result(0.9), [Whole(whole, base, base_embeddings)], tmp_path)
    assert encoder.step == 7
    assert decision.summary() == {"best_step": 7, "kept": "step"}
    assert decision.result.best == whole.measure(encoder, decision.embeddings[0]) > decision.base == base
    np.testing.assert_array_equal(decision.embeddings[0], encoder.encode(Positions(range(SIZE)), "document"))


def test_worse_weights_are_kept_if_the_base_model_is_no_candidate(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    encoder, _, whole, base_embeddings = prepared(collection, {0: 0.30, 7: 0.60})
    base = whole.measure(encoder, base_embeddings)
    encoder.use(7)
    with caplog.at_level(logging.INFO, "listill"):
        decision = decide(
            encoder, result(0.05), [Whole(whole, base, base_embeddings)], tmp_path, base_is_candidate=False
        )
    assert encoder.step == 7
    assert decision.summary() == {"best_step": 7, "kept": "step"}
    assert decision.result.best == whole.measure(encoder, decision.embeddings[0]) < base
    assert "training did not help, but selection.base is false" in caplog.text


def test_if_no_step_was_better_the_corpus_is_not_encoded(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, _, whole, base_embeddings = prepared(collection, {0: 0.60})
    base = whole.measure(encoder, base_embeddings)
    none = Result([], best_step=0, best=0.1, kept="step", untrained=Noisy.weights(0))
    monkeypatch.setattr(encoder, "encode", None)
    decision = decide(encoder, none, [Whole(whole, base, base_embeddings)], tmp_path)
    assert decision.embeddings[0] is base_embeddings
    assert [row["step"] for row in decision.result.history] == [0]


@pytest.mark.parametrize(("documents", "encoded"), [(SIZE, 0), (400, 1)])
def test_a_corpus_that_was_measured_whole_is_not_encoded_again(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, documents: int, encoded: int
) -> None:
    encoder, evaluated, whole, base_embeddings = prepared(collection, {0: 0.60, 7: 0.30})
    base = whole.measure(encoder, base_embeddings)
    dev, _ = selector(whole, evaluated, encoder, base_embeddings, Selection(documents=documents), 1)
    encoder.use(7)
    trained = dataclasses.replace(result(dev.measure(encoder)), embeddings=[dev.measured])
    calls, encode = [], encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda *args: calls.append(args[1]) or encode(*args))
    decision = decide(encoder, trained, [Whole(whole, base, base_embeddings)], tmp_path)
    assert calls.count("document") == encoded
    np.testing.assert_array_equal(decision.embeddings[0], encode(Positions(range(SIZE)), "document"))


def two(collection: Collection, noise: list[dict[int, float]]) -> tuple[Any, list[Whole]]:
    """Return an encoder and two corpora; it takes them for the same, and each has embeddings of its own."""
    prepared_corpora = [prepared(collection, one) for one in noise]
    wholes = [
        Whole(whole, whole.measure(encoder, embeddings), embeddings, f"c{number}")
        for number, (encoder, _, whole, embeddings) in enumerate(prepared_corpora)
    ]
    return prepared_corpora[0][0], wholes


@pytest.mark.parametrize(("measures", "kept"), [([0.9, 0.2], 7), ([0.9, 0.1], 0)])
def test_the_mean_over_the_corpora_decides(
    collection: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    measures: list[float],
    kept: int,
) -> None:
    """Step 7 is better on the first corpus and worse on the second one."""
    encoder, wholes = two(collection, [{0: 0.6, 7: 0.3}, {0: 0.6, 7: 0.3}])
    wholes = [dataclasses.replace(whole, base=0.5) for whole in wholes]
    for whole, value in zip(wholes, measures, strict=True):
        monkeypatch.setattr(whole.selector, "measure", lambda encoder, embeddings, value=value: value)
    encoder.use(7)
    decision = decide(encoder, result(0.9), wholes, tmp_path)
    assert (decision.result.best_step, encoder.step) == (kept, kept)
    rows = [row for row in decision.result.history if row["split"] == "decision"]
    assert [row["corpora"] for row in rows] == [{"c0": 0.5, "c1": 0.5}, dict(zip(("c0", "c1"), measures, strict=True))]
    assert [row[SELECTION] for row in rows] == pytest.approx([0.5, np.mean(measures)])
    assert len(decision.embeddings) == 2
    # The parts of one corpus are not taken for those of the other.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus-c0", "corpus-c1"]
