"""The training loop, with real trainings of a tiny model."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import tiny_training
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.measure_names import SELECTION
from listill.ragged import Ragged
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training import blocks, loop, objective, schedule
from listill.training.base_embeddings import with_base
from listill.training.examples import Examples
from listill.training.selection import Selector

SIZE = 24


@pytest.fixture(scope="module")
def collection() -> Collection:
    return tiny_training.collection(SIZE)


@pytest.fixture(scope="module")
def examples(collection: Collection) -> Examples:
    """The titles are the queries. A list has the text of the title and up to three others with lower scores."""
    draw = np.random.default_rng(0)
    lists, scores = [], []
    for i in range(SIZE):
        rest = draw.permutation([d for d in range(SIZE) if d != i])[: 3 - i % 2]
        lists.append(np.array([i, *rest]))
        scores.append(np.array([1.0, 0.5, 0.2, 0.0], dtype=np.float32)[: len(rest) + 1])
    everything = np.arange(SIZE)
    return Examples(
        query_ids=[f"q{i}" for i in range(SIZE)],
        types=["title"] * SIZE,
        queries=[title or "" for title in collection.titles],
        lists=Ragged.of(lists),
        scores=Ragged.of(scores),
        relevant=Ragged.of([np.array([i]) for i in range(SIZE)]),
        texts=collection.texts,
        group=everything,
        document=everything,
    )


@pytest.fixture(scope="module")
def selector(collection: Collection) -> Selector:
    return tiny_training.selector(collection)


def recipe(**changes: object) -> Recipe:
    settings = {
        "epochs": 4,
        "batch": 8,
        "learning_rate": 3e-3,
        "temperatures": {"teacher": 0.2, "student": 0.05},
        "selection": {"evaluations": 2},
    }
    return Recipe.model_validate({**settings, **changes})


def fresh(folder: Path, **options: object) -> Encoder:
    student = Student.model_validate({"model": str(folder), "precision": "fp32", **options})
    return Encoder(student, trainable=True)


def train(
    encoder: Encoder, examples: Examples, recipe: Recipe, selector: Selector, base: float, seed: int
) -> loop.Result:
    return loop.Training(encoder, [tiny_training.part(encoder, examples, recipe, selector)], recipe, seed).run(base)


def weights(encoder: Encoder) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in encoder.model.state_dict().items()}


def equal(actual: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    return actual.keys() == expected.keys() and all(torch.equal(actual[name], expected[name]) for name in actual)


@pytest.mark.parametrize("loss", ["listwise", "infonce"])
def test_the_loss_decreases_and_the_best_step_is_kept(
    tiny_model: Path, examples: Examples, selector: Selector, loss: str
) -> None:
    encoder = fresh(tiny_model)
    before, base = weights(encoder), selector.measure(encoder)
    result = train(encoder, examples, recipe(losses={loss: 1.0}, epochs=8), selector, base, seed=1)
    history = pd.DataFrame(result.history)
    trained = history[history["split"] == "train"]
    assert trained["step"].tolist() == list(range(1, 25))
    values = trained["losses"].str[loss].astype(float)
    assert values.iloc[-3:].mean() < 0.6 * values.iloc[:3].mean()
    np.testing.assert_allclose(trained["loss"], values, rtol=1e-6)
    dev = history[history["split"] == "dev"]
    assert dev["step"].tolist() == [0, 12, 24]
    assert dev[SELECTION].iloc[0] == base
    assert result.best == dev[SELECTION].max() > base
    assert result.best_step == dev["step"].iloc[int(dev[SELECTION].argmax())] > 0
    assert not equal(before, weights(encoder))
    assert selector.measure(encoder) == pytest.approx(result.best, abs=1e-6)
    # The other columns of the steps.
    assert trained["queries"].tolist() == list(range(8, 193, 8))
    assert trained["epoch"].iloc[-1] == 8
    assert (trained["passages"].diff().dropna() > 8).all()
    assert (trained["seconds"].diff().dropna() > 0).all()
    np.testing.assert_allclose(trained["lr"], [3e-3 * schedule.rate(step, 24, 0.1) for step in range(24)])


def test_the_embeddings_are_those_of_the_best_weights(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    """Mixtures, which are only reported here, are measured after them."""
    encoder = fresh(tiny_model)
    settings = recipe(epochs=2, selection={"evaluations": 1, "merge": "report"})
    result = train(encoder, examples, settings, selector, 0.0, seed=1)
    last = selector.measured
    selector.measure(encoder)
    assert result.embeddings is not None
    assert last is not None
    assert selector.measured is not None
    [embeddings] = result.embeddings
    np.testing.assert_allclose(embeddings, selector.measured, atol=1e-5)
    assert np.abs(embeddings - last).max() > 0.01


def test_two_losses_are_weighted(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    losses = {"listwise": 1.0, "infonce": 0.25}
    result = train(fresh(tiny_model), examples, recipe(losses=losses, epochs=1), selector, 0.0, seed=1)
    for row in result.history:
        if row["split"] == "train":
            parts = row["losses"]
            assert row["loss"] == pytest.approx(parts["listwise"] + 0.25 * parts["infonce"], rel=1e-5)


def test_the_base_model_is_kept_if_no_step_is_better(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    encoder = fresh(tiny_model)
    before, measured = weights(encoder), selector.measure(encoder)
    result = train(encoder, examples, recipe(), selector, 1.0, seed=1)
    assert result.embeddings is None
    assert (result.best_step, result.best) == (0, 1.0)
    assert max(row[SELECTION] for row in result.history[1:] if row["split"] == "dev") < 1
    assert equal(before, weights(encoder))
    assert selector.measure(encoder) == measured


def test_the_best_step_is_kept_if_the_base_model_is_no_candidate(
    tiny_model: Path, examples: Examples, selector: Selector
) -> None:
    encoder = fresh(tiny_model)
    only_steps = recipe(selection={"evaluations": 2, "base": False})
    result = train(encoder, examples, only_steps, selector, base=2.0, seed=1)
    measured = {row["step"]: row[SELECTION] for row in result.history if row["split"] == "dev"}
    assert measured.pop(0) == 2.0
    assert result.best_step in measured
    assert result.best == max(measured.values()) == selector.measure(encoder)


def test_a_loss_that_is_nan_ends_the_training(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    with pytest.raises(
        UserError, match=r"^step \d: the loss is not a number \(queries q\d+, .*lower training.learning_rate"
    ):
        train(fresh(tiny_model), examples, recipe(learning_rate=1e6), selector, 0.0, seed=1)


def test_weights_with_nan_are_not_kept(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    encoder = fresh(tiny_model)
    before, base = weights(encoder), selector.measure(encoder)
    diverging = recipe(learning_rate=1e38, epochs=0.3, selection={"evaluations": 1})
    result = train(encoder, examples, diverging, selector, base, seed=1)
    assert [row[SELECTION] for row in result.history if row["split"] == "dev"] == [base, 0.0]
    assert result.best_step == 0
    assert equal(before, weights(encoder))


def test_the_base_model_is_kept_if_a_step_is_equally_good(
    tiny_model: Path, examples: Examples, selector: Selector
) -> None:
    encoder = fresh(tiny_model)
    before, base = weights(encoder), selector.measure(encoder)
    result = train(encoder, examples, recipe(epochs=1, learning_rate=1e-12), selector, base, seed=1)
    assert [row[SELECTION] for row in result.history if row["split"] == "dev"] == [base] * 3
    assert result.best_step == 0
    assert equal(before, weights(encoder))


def test_the_weights_depend_only_on_the_seed(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    runs = []
    for seed in (5, 5, 6):
        torch.manual_seed(len(runs))  # the previous random state must not matter
        encoder = fresh(tiny_model)
        result = train(encoder, examples, recipe(epochs=2), selector, 0.0, seed=seed)
        runs.append((weights(encoder), [row.get("loss") for row in result.history]))
    assert equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert not equal(runs[0][0], runs[2][0])


def test_max_length_applies_to_training_but_not_to_measurements(
    tiny_model: Path,
    examples: Examples,
    selector: Selector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    encoder = fresh(tiny_model)
    lengths: list[tuple[bool, int]] = []
    forward = encoder.forward

    def watched(*arguments: Any) -> dict[str, torch.Tensor]:
        out = forward(*arguments)
        lengths.append((torch.is_inference_mode_enabled(), out["attention_mask"].shape[1]))
        return out

    monkeypatch.setattr(encoder, "forward", watched)
    with caplog.at_level("INFO", "listill"):
        train(encoder, examples, recipe(epochs=1, max_length=12, query_length=4), selector, 0.0, seed=1)
    assert "24 of 24 passages (100.0 %) are longer than training.max_length (12) and were truncated" in caplog.text
    assert "queries (100.0 %) are longer than training.query_length (4) and were truncated" in caplog.text
    assert max(length for measuring, length in lengths if not measuring) == 12
    assert max(length for measuring, length in lengths if measuring) > 40
    assert encoder.max_length == 64
    lengths.clear()
    train(encoder, examples, recipe(epochs=1, max_length=500), selector, 0.0, seed=1)
    assert max(length for _, length in lengths) <= 64


@pytest.mark.parametrize(
    "losses", [{"listwise": 1}, {"infonce": 1}, {"margin_mse": 1}, {"pair_mse": 1}, {"ranknet": 1}], ids=str
)
def test_a_single_query_and_a_list_with_a_single_document(
    tiny_model: Path, examples: Examples, selector: Selector, losses: dict[str, float]
) -> None:
    """A single query with a list can be trained on; a list with a single document has loss 0."""
    cut = dataclasses.replace(
        examples, **{name: getattr(examples, name)[:1] for name in ("query_ids", "types", "queries")}
    )
    rows = {name: getattr(examples, name)[0] for name in ("lists", "scores", "relevant")}
    whole = dataclasses.replace(cut, **{name: Ragged.of([row]) for name, row in rows.items()})
    single = dataclasses.replace(cut, **{name: Ragged.of([row[:1]]) for name, row in rows.items()})
    for training_set, learns in ((whole, True), (single, False)):
        result = train(fresh(tiny_model), training_set, recipe(losses=losses, epochs=3), selector, 0.0, seed=1)
        trained = [row["loss"] for row in result.history if row["split"] == "train"]
        assert len(trained) == 3
        assert np.isfinite(trained).all()
        assert (max(trained) > 0) == learns


@pytest.mark.parametrize(("loss", "weight"), [("anchor", 30.0), ("anchor_kl", 100.0)])
def test_an_anchor_keeps_the_student_close_to_its_base(
    tiny_model: Path, examples: Examples, selector: Selector, loss: str, weight: float
) -> None:
    """It starts at 0, and its value after the same steps is much smaller than with hardly any weight."""
    last = {}
    for strength in (1e-6, weight):
        encoder = fresh(tiny_model)
        tokens = (encoder.tokenise(examples.queries, "query"), encoder.tokenise(examples.texts, "document"))
        settings = recipe(losses={"listwise": 1, loss: strength}, query_length=8, max_length=24)
        anchored = with_base(examples, encoder, encoder.encode(tokens[1], "document"), tokens, settings)
        result = train(encoder, anchored, settings, selector, 0.0, seed=1)
        values = [row["losses"][loss] for row in result.history if row["split"] == "train"]
        assert abs(values[0]) < 1e-5
        last[strength] = values[-1]
    assert last[1e-6] > 0.05
    assert last[weight] < 0.3 * last[1e-6]


def test_an_epoch_of_three_steps(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    three = recipe(epochs=1, selection={"evaluations": 4, "patience": 4})
    result = train(fresh(tiny_model), examples, three, selector, 0.0, seed=1)
    rates = [row["lr"] for row in result.history if row["split"] == "train"]
    assert len(rates) == 3
    assert min(rates) > 0
    assert max(rates) == 3e-3
    assert [row["step"] for row in result.history if row["split"] == "dev"] == [0, 1, 2, 3]


def test_a_base_model_with_nan(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    encoder = fresh(tiny_model)
    with torch.no_grad():
        next(iter(encoder.model.parameters())).fill_(torch.nan)
    with pytest.raises(UserError, match="step 1: the loss is not a number"):
        train(encoder, examples, recipe(), selector, 0.0, seed=1)


def test_more_evaluations_than_steps(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    few = recipe(epochs=0.3, selection={"evaluations": 5})
    result = train(fresh(tiny_model), examples, few, selector, 0.0, seed=1)
    assert [row["step"] for row in result.history if row["split"] == "dev"] == [0, 1]
    assert result.best_step == 1


def test_bf16_trains_fp32_weights(tiny_model: Path, examples: Examples, selector: Selector) -> None:
    encoder = fresh(tiny_model, precision="bf16")
    base = selector.measure(encoder)
    result = train(encoder, examples, recipe(epochs=6), selector, base, seed=1)
    losses = [row["loss"] for row in result.history if row["split"] == "train"]
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])
    assert {p.dtype for p in encoder.model.parameters()} == {torch.float32}


def test_merged_and_averaged_weights_are_kept_only_if_the_settings_allow_it(tiny_model: Path) -> None:
    selection = {"evaluations": 4}
    rows = {}
    for merge in ("no", "report", "use"):
        training = tiny_training.training(tiny_model, {"selection": {**selection, "merge": merge}})
        result, weights = tiny_training.final(training)
        rows[merge] = [row for row in tiny_training.untimed(result) if row["split"] == "dev"]
        best = max(row["nDCG@10"] for row in rows[merge] if merge == "use" or row["weights"] == "step")
        assert result.best == best
        training.encoder.model.load_state_dict(weights)
        assert training.parts[0].selector.measure(training.encoder) == pytest.approx(best, abs=1e-9)
    assert rows["no"] == rows["report"][:5]
    assert [row["weights"] for row in rows["report"][5:]] == ["merge 0.25", "merge 0.5", "merge 0.75"]
    result, _ = tiny_training.final(tiny_training.training(tiny_model, {"selection": {**selection, "average": 3}}))
    assert result.history[-1]["weights"] == "average"
    best = max((row for row in result.history if row["split"] == "dev"), key=lambda row: row["nDCG@10"])
    assert (result.kept, result.best) == (best["weights"], best["nDCG@10"])


@pytest.mark.parametrize("base", [0.0, 0.9])
def test_patience_counts_from_the_best_step(tiny_model: Path, base: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the peak of the learning rate a step is often below a strong base model. That is no reason to stop."""
    training = tiny_training.training(tiny_model, {"epochs": 20, "selection": {"evaluations": 10, "patience": 2}})
    values = iter([0.5, 0.6, 0.7, 0.65, 0.7, 0.8])
    monkeypatch.setattr(training.parts[0].selector, "measure", lambda encoder: next(values))
    result = training.run(base=base)
    assert [row[SELECTION] for row in result.history if row["split"] == "dev"] == [base, 0.5, 0.6, 0.7, 0.65, 0.7]
    assert result.history[-1]["step"] == 44  # of 88
    assert (result.best_step, result.best) == ((26, 0.7) if base == 0.0 else (0, base))


def test_a_few_lists_cause_a_warning(
    tiny_model: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_training.training(tiny_model, {"epochs": 1}).run(base=0.0)
    message = "train: 22 lists are too few to train on reliably; add train topics, or raise generation.passages"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [message]
    caplog.clear()
    monkeypatch.setattr(loop, "FEW_LISTS", 22)
    tiny_training.training(tiny_model, {"epochs": 1}).run(base=0.0)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_a_loss_may_have_the_name_of_a_column(
    tiny_model: Path, examples: Examples, selector: Selector, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighted = objective.weighted

    def renamed(*arguments: Any) -> tuple[torch.Tensor, dict[str, float]]:
        total, parts = weighted(*arguments)
        return total, {"lr": parts["listwise"], "loss": -1.0, "step": -2.0}

    expected = train(fresh(tiny_model), examples, recipe(epochs=1), selector, 0.0, seed=1)
    monkeypatch.setattr(blocks, "weighted", renamed)
    result = train(fresh(tiny_model), examples, recipe(epochs=1), selector, 0.0, seed=1)
    for row, expected_row in zip(result.history, expected.history, strict=True):
        assert {key: row.get(key) for key in ("step", "loss", "lr")} == {
            key: expected_row.get(key) for key in ("step", "loss", "lr")
        }
        if row["split"] == "train":
            assert row["losses"] == {"lr": expected_row["losses"]["listwise"], "loss": -1.0, "step": -2.0}
