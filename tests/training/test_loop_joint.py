"""Trainings on several corpora, with a tiny model."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

import tiny_training
from listill.measure_names import SELECTION
from listill.settings.joint import Turns
from listill.settings.training import Temperatures
from listill.training.loop import Training
from listill.training.parts import Part

# One measurement, at the end, whose weights are kept: the weights of the last step.
LAST = {"evaluations": 1, "base": False}
TEACHER = (0.2, 0.6)
SIZES = (14, 7)
LR, BATCH, EPOCHS = 1e-3, 4, 2


def softmax(values: torch.Tensor, temperature: float) -> torch.Tensor:
    return torch.softmax(values / temperature, 0)


def embeddings(model: SentenceTransformer, texts: Sequence[str], kind: str) -> torch.Tensor:
    features = model.tokenize([model.prompts[kind] + text for text in texts])
    embedded = model({key: value for key, value in features.items() if isinstance(value, torch.Tensor)})
    return torch.nn.functional.normalize(embedded["sentence_embedding"], dim=-1)


def naive_loss(model: SentenceTransformer, part: Part, queries: Sequence[int], teacher: float) -> torch.Tensor:
    """Return the mean of KL(teacher || student) + 0.2 InfoNCE, whose negatives are the other texts of the step."""
    examples = part.examples
    texts = sorted({int(t) for q in queries for t in examples.lists[q]})
    encoded = embeddings(model, [examples.texts[t] for t in texts], "document")
    total = torch.zeros((), dtype=torch.float64)
    for q, query in zip(queries, embeddings(model, [examples.queries[q] for q in queries], "query"), strict=True):
        similarity = {t: encoded[i] @ query for i, t in enumerate(texts)}
        of_list = torch.stack([similarity[int(t)] for t in examples.lists[q]])
        target = softmax(torch.tensor(examples.scores[q], dtype=torch.float64), teacher)
        student = softmax(of_list, 0.03)
        total = total + sum(p * (p.log() - s.log()) for p, s in zip(target, student, strict=True))
        positive = (of_list[0] / 0.05).exp()
        others = sum((similarity[t] / 0.05).exp() for t in texts if t != int(examples.lists[q][0]))
        total = total - 0.2 * (positive / (positive + others)).log()
    return total / len(queries)


def naive(folder: Path, parts: Sequence[Part], turns: Sequence[tuple[int, list[int]]]) -> tuple[Any, list[float]]:
    """Train in float64 with plain torch: one optimiser step per turn. Return the model and the losses."""
    model = SentenceTransformer(str(folder), device="cpu").double().eval()
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    adam = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}])
    losses, warmup = [], math.ceil(0.1 * len(turns))
    for number, (part, queries) in enumerate(turns):
        rising, falling = (number + 1) / (warmup + 1), (len(turns) - number) / (len(turns) - warmup)
        for group in adam.param_groups:
            group["lr"] = LR * (rising if number < warmup else falling)
        loss = naive_loss(model, parts[part], queries, TEACHER[part])
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        losses.append(float(loss.detach()))
    return model, losses


def naive_turns(sizes: Sequence[int], seed: int) -> list[tuple[int, list[int]]]:
    """Return the steps of two epochs of corpora that take turns; batches continue across the end of an epoch."""
    waiting: list[list[list[tuple[int, list[int]]]]] = [[], []]
    for part, size in enumerate(sizes):
        stream = [
            int(q) for epoch in range(EPOCHS) for q in np.random.default_rng([seed, epoch, part]).permutation(size)
        ]
        for epoch in waiting:
            epoch.append([])
        for start in range(0, len(stream), BATCH):
            waiting[start // size][part].append((part, stream[start : start + BATCH]))
    turns = []
    for epoch in waiting:
        while any(epoch):
            turns += [steps.pop(0) for steps in epoch if steps]
    return turns


def joint(model: Path, **recipe: Any) -> Training:
    """Return a training on two corpora with teacher temperatures of their own."""
    keys = {"learning_rate": LR, "batch": BATCH, "epochs": EPOCHS, "selection": LAST}
    training = tiny_training.training(model, {**keys, **recipe}, sizes=SIZES)
    training.parts = [
        replace(part, temperatures=Temperatures(teacher=teacher))
        for part, teacher in zip(training.parts, TEACHER, strict=True)
    ]
    return training


def test_two_corpora_are_trained_on_as_in_a_naive_loop(tiny_model: Path) -> None:
    training = joint(tiny_model, negatives={"listwise": False, "denoise": 1.0})
    turns = naive_turns(SIZES, seed=3)
    assert [(turn.part, turn.queries.tolist()) for turn in training.steps] == turns
    model, losses = naive(tiny_model, training.parts, turns)
    start = SentenceTransformer(str(tiny_model), device="cpu").state_dict()
    result, weights = tiny_training.final(training)
    steps = [row for row in result.history if row["split"] == "train"]
    np.testing.assert_allclose([row["loss"] for row in steps], losses, rtol=1e-4)
    assert [list(row["corpora"]) for row in steps] == [[f"c{part}"] for part, _ in turns]
    assert steps[-1]["epoch"] == EPOCHS
    moved = 0.0
    for name, expected in model.state_dict().items():
        if expected.is_floating_point() and not name.endswith("key.bias"):  # see test_processes
            moved = max(moved, float((expected - start[name]).abs().max()))
            torch.testing.assert_close(weights[name].double().cpu(), expected, atol=2e-5, rtol=1e-3, msg=name)
    assert moved > 5e-3


def test_the_measure_is_the_mean_over_the_corpora(tiny_model: Path) -> None:
    """The corpora have 14 and 7 dev queries, and count alike."""
    training = joint(tiny_model, selection={"evaluations": 3})
    bases = [part.selector.measure(training.encoder) for part in training.parts]
    result = training.run(float(np.mean(bases)), bases)
    measured = [row for row in result.history if row["split"] == "dev"]
    assert measured[0]["corpora"] == {"c0": bases[0], "c1": bases[1]}
    for row in measured:
        assert row[SELECTION] == pytest.approx(np.mean(list(row["corpora"].values())))
    assert len({tuple(row["corpora"].values()) for row in measured}) > 1
    assert result.best == max(row[SELECTION] for row in measured)
    again = [part.selector.measure(training.encoder) for part in training.parts]
    assert np.mean(again) == pytest.approx(result.best)
    assert result.embeddings is not None
    for part, found in zip(training.parts, result.embeddings, strict=True):
        assert found is not None
        np.testing.assert_allclose(found, part.selector.measured, atol=1e-5)


def test_the_base_model_is_kept_if_the_mean_is_no_better(tiny_model: Path) -> None:
    training = joint(tiny_model, selection={"evaluations": 2})
    before = {name: value.clone() for name, value in training.encoder.model.state_dict().items()}
    values = iter([0.9, 0.1, 0.4, 0.6])  # one corpus gains what the other one loses
    for part in training.parts:
        part.selector.measure = lambda encoder: next(values)  # type: ignore[method-assign,assignment,misc]
    result = training.run(0.5, [0.5, 0.5])
    assert [row[SELECTION] for row in result.history if row["split"] == "dev"] == [0.5, 0.5, 0.5]
    assert result.best_step == 0
    assert all(torch.equal(value, before[name]) for name, value in training.encoder.model.state_dict().items())


def test_a_corpus_alone_does_not_depend_on_order_and_weight(tiny_model: Path) -> None:
    expected = tiny_training.final(tiny_training.training(tiny_model, {"epochs": 1}))
    turns = Turns(order="temperature", exponent=0.2, weights={"c0": 3})
    result, weights = tiny_training.final(tiny_training.training(tiny_model, {"epochs": 1}, turns=turns))
    assert tiny_training.untimed(result) == tiny_training.untimed(expected[0])
    assert all(torch.equal(weights[name], expected[1][name]) for name in weights)


def test_the_log_names_the_corpora(tiny_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "listill"):
        joint(tiny_model, epochs=1).run(0.0, [0.0, 0.0])
    assert "train: 21 lists, 21 distinct passages" in caplog.text
    assert "train: c0 has 14 lists and 4 of the steps" in caplog.text
    assert "train: c1 has 7 lists and 2 of the steps" in caplog.text
