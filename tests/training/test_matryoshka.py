"""Matryoshka training: losses at several sizes of the embeddings."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss

import tiny
import tiny_training
from listill.errors import UserError
from listill.ragged import Ragged
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Negatives, Temperatures
from listill.training.batches import collate
from listill.training.engine import Engine
from listill.training.examples import Examples
from listill.training.matryoshka import check_sizes, similarities
from listill.training.objective import weighted

COUNT = 8
ROWS = tiny.tiny_documents(COUNT)
TEMPERATURES = Temperatures(infonce=0.05)


def cosine(one: list[float], other: list[float]) -> float:
    """Return the cosine of two vectors, in plain Python."""
    lengths = [sum(value * value for value in vector) ** 0.5 for vector in (one, other)]
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths[0] / lengths[1]


@pytest.mark.parametrize("normalise", [True, False])
def test_similarities_are_those_of_plain_loops(normalise: bool) -> None:
    draw = torch.Generator().manual_seed(1)
    queries, texts = (torch.randn(n, 12, generator=draw) for n in (3, 5))
    if normalise:
        queries, texts = (torch.nn.functional.normalize(vectors, dim=1) for vectors in (queries, texts))
    computed = similarities(queries, texts, [4, 7], normalise)
    for size, similarity in zip([12, 4, 7], computed, strict=True):
        for q, query in enumerate(queries.tolist()):
            for t, text in enumerate(texts.tolist()):
                inner = sum(a * b for a, b in zip(query[:size], text[:size], strict=True))
                expected = cosine(query[:size], text[:size]) if normalise else inner
                assert float(similarity[q, t]) == pytest.approx(expected, abs=1e-5)


def fresh(folder: Path) -> Encoder:
    return Encoder(Student(model=str(folder), precision="fp32"), trainable=True)


@pytest.mark.parametrize("memory", [0.0, 1e12])
def test_infonce_equals_the_matryoshka_loss_of_sentence_transformers(tiny_model: Path, memory: float) -> None:
    """Which is the sum over the sizes, not the mean: values and gradients, also with recomputation."""
    examples = Examples(
        query_ids=[f"q{i}" for i in range(COUNT)],
        types=["title"] * COUNT,
        queries=[row["title"] for row in ROWS],
        lists=Ragged.of([np.array([i]) for i in range(COUNT)]),
        scores=Ragged.of([np.ones(1, dtype=np.float32)] * COUNT),
        relevant=Ragged.of([np.array([i]) for i in range(COUNT)]),
        texts=[row["text"] for row in ROWS],
        group=np.arange(COUNT),
        document=np.arange(COUNT),
    )
    ours, theirs, everything = fresh(tiny_model), fresh(tiny_model), np.arange(COUNT)
    queries, texts = ours.tokenise(examples.queries, "query"), ours.tokenise(examples.texts, "document")
    step = collate(examples, everything, Negatives())
    value = Engine(ours, memory).backward(
        *(queries, step.queries, texts, step.texts),
        lambda query, text: [weighted(step, query, text, {"infonce": 1.0}, TEMPERATURES, [16, 8])],
    )
    infonce = MultipleNegativesRankingLoss(theirs.model, scale=1 / TEMPERATURES.infonce)
    features = [theirs._features(queries, everything, "query"), theirs._features(texts, everything, "document")]
    expected = MatryoshkaLoss(theirs.model, infonce, [32, 16, 8])(features, torch.empty(0)) / 3
    expected.backward()
    assert value.loss == pytest.approx(float(expected.detach()), rel=1e-5)
    gradients = {name: p.grad for name, p in theirs.model.named_parameters() if p.grad is not None}
    assert len(gradients) > 10
    for name, parameter in ours.model.named_parameters():
        assert (parameter.grad is None) == (name not in gradients)
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad, gradients[name], atol=2e-5, rtol=1e-3, msg=name)


def test_a_training_learns_at_each_size(tiny_model: Path) -> None:
    """The same training without the sizes gives a larger loss of 4 dimensions."""
    values = {}
    for sizes in ([], [4]):
        training = tiny_training.training(tiny_model, {"matryoshka": sizes, "losses": {"infonce": 1}, "epochs": 8})
        training.run(base=-1.0)
        encoder = training.encoder
        whole = encoder.encode(training.parts[0].queries, "query"), encoder.encode(training.parts[0].texts, "document")
        query, text = (torch.nn.functional.normalize(torch.from_numpy(vectors)[:, :4], dim=1) for vectors in whole)
        scaled = query @ text.T / 0.05
        values[len(sizes)] = float(torch.nn.functional.cross_entropy(scaled, torch.arange(len(scaled))))
    assert values[1] < 0.9 * values[0]


def test_sizes_must_be_smaller_than_the_embeddings(tiny_model: Path) -> None:
    check_sizes([8, 31], 32)
    check_sizes([], 32)
    with pytest.raises(
        UserError, match=r"training\.matryoshka: 32 is not below 32, the dimension of the student's emb"
    ):
        tiny_training.training(tiny_model, {"matryoshka": [8, 32]})
