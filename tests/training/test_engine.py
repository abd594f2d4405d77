"""The engine: chunks, gradient caching and distinct texts change nothing but time and memory."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Negatives, Temperatures
from listill.training.batches import Step, collate
from listill.training.engine import Engine
from listill.training.examples import Examples
from listill.training.objective import weighted
from listill.training.schedule import set_dropout

ROWS = tiny.tiny_documents(20)
QUERIES = [row["title"] for row in ROWS[:8]]
TEXTS = [row["text"][: 30 + 9 * i] for i, row in enumerate(ROWS)]
LOSSES = {"listwise": 1.0, "infonce": 0.3}
TEMPERATURES = Temperatures(teacher=0.3)


def fresh(folder: Path, precision: str = "fp32", dropout: float = 0.0, budget: int = 10**9) -> Encoder:
    encoder = Encoder(Student.model_validate({"model": str(folder), "precision": precision}), trainable=True)
    encoder.token_budget = budget
    set_dropout(encoder.model, dropout)
    torch.manual_seed(7)
    return encoder


@pytest.fixture(scope="module")
def step() -> Step:
    """Lists of 2 to 5 texts that share texts; text 0 stands in most of them."""
    draw = np.random.default_rng(0)
    lists = [np.array([i + 1, 0, *draw.choice(range(10, 20), size=i % 4, replace=False)]) for i in range(len(QUERIES))]
    examples = Examples(
        query_ids=[f"q{i}" for i in range(len(QUERIES))],
        types=["title"] * len(QUERIES),
        queries=QUERIES,
        lists=lists,
        scores=[np.sort(draw.random(len(row)).astype(np.float32))[::-1].copy() for row in lists],
        relevant=[row[:1] for row in lists],
        texts=TEXTS,
        group=np.arange(len(TEXTS)),
        document=np.arange(len(TEXTS)),
    )
    return collate(examples, np.arange(len(QUERIES)), Negatives())


def gradients(encoder: Encoder, step: Step, memory: float = 1e12) -> tuple[float, dict[str, torch.Tensor], Engine]:
    """Return loss and gradients by the engine."""
    engine = Engine(encoder, memory)
    queries, texts = encoder.tokenise(QUERIES, "query"), encoder.tokenise(TEXTS, "document")

    def loss(similarity: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
        return weighted(on(step, encoder.device), similarity, LOSSES, TEMPERATURES)  # type: ignore[arg-type]

    value = engine.backward(queries, step.queries, texts, step.texts, loss)
    return value.loss, grads(encoder), engine


def grads(encoder: Encoder) -> dict[str, torch.Tensor]:
    found = {name: p.grad for name, p in encoder.model.named_parameters() if p.grad is not None}
    assert len(found) > 10
    return found


def on(step: Step, device: torch.device) -> Step:
    return Step(**{name: v.to(device) if isinstance(v, torch.Tensor) else v for name, v in vars(step).items()})


def close(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor], atol: float = 2e-5) -> None:
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=atol, rtol=1e-3, msg=name)


@pytest.fixture
def plain(tiny_model: Path, step: Step) -> tuple[float, dict[str, torch.Tensor]]:
    """One padded batch of queries, one of texts, one backward through everything."""
    encoder = fresh(tiny_model)
    queries, texts = encoder.tokenise(QUERIES, "query"), encoder.tokenise(TEXTS, "document")
    asked = encoder.forward(queries, step.queries, "query")["sentence_embedding"]
    read = encoder.forward(texts, step.texts, "document")["sentence_embedding"]
    loss, _ = weighted(on(step, encoder.device), asked @ read.T, LOSSES, TEMPERATURES)  # type: ignore[arg-type]
    loss.backward()
    return float(loss.detach()), grads(encoder)


@pytest.mark.parametrize("budget", [1, 150, 10**9])
@pytest.mark.parametrize("memory", [0.0, 3e5, 1e12])
def test_chunks_and_caching_give_the_gradients_of_one_batch(
    tiny_model: Path, step: Step, plain: tuple[float, dict[str, torch.Tensor]], budget: int, memory: float
) -> None:
    loss, found, engine = gradients(fresh(tiny_model, budget=budget), step, memory)
    assert loss == pytest.approx(plain[0], rel=1e-5)
    close(found, plain[1])
    assert (engine.recomputed == 0) == (memory == 1e12)


def test_a_text_that_is_encoded_once_has_the_gradients_of_all_its_places(
    tiny_model: Path, step: Step, plain: tuple[float, dict[str, torch.Tensor]]
) -> None:
    """Every list with copies of its own, as sentence-transformers would encode them, with the same loss."""
    encoder = fresh(tiny_model)
    queries, texts = encoder.tokenise(QUERIES, "query"), encoder.tokenise(TEXTS, "document")
    asked = encoder.forward(queries, step.queries, "query")["sentence_embedding"]
    place, rows = [], []
    for q in range(len(QUERIES)):
        for column in step.lists[q][step.mask[q]].tolist():
            rows.append(int(step.texts[column]))
            place.append(column)
    assert len(set(rows)) < len(rows)
    copies = encoder.forward(texts, np.array(rows), "document")["sentence_embedding"]
    # Any copy of a text stands for it: the mean of equal embeddings is the embedding, and shares the gradient out.
    mean = torch.zeros(len(step.texts), copies.shape[1], device=copies.device)
    counts = torch.bincount(torch.tensor(place), minlength=len(step.texts)).to(copies.device)
    mean = mean.index_add(0, torch.tensor(place, device=copies.device), copies) / counts[:, None]
    loss, _ = weighted(on(step, encoder.device), asked @ mean.T, LOSSES, TEMPERATURES)  # type: ignore[arg-type]
    loss.backward()
    assert float(loss.detach()) == pytest.approx(plain[0], rel=1e-5)
    close(grads(encoder), plain[1])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_what_is_computed_twice_is_computed_alike(tiny_model: Path, step: Step, dropout: float, precision: str) -> None:
    """To the last bit, dropout included: each chunk draws the same random numbers both times."""
    once, kept, first = gradients(fresh(tiny_model, precision, dropout, budget=150), step)
    assert first.recomputed == 0
    assert first.bytes_per_token is not None
    little = 150.5 * first.bytes_per_token  # one chunk
    twice, cached, engine = gradients(fresh(tiny_model, precision, dropout, budget=150), step, memory=little)
    assert engine.recomputed > 0
    assert once == twice
    assert all(torch.equal(kept[name], cached[name]) for name in kept)
    if dropout:
        other = gradients(fresh(tiny_model, precision, 0.0, budget=150), step)[1]
        assert any((kept[name] - other[name]).abs().max() > 1e-3 for name in kept)


def test_memory_decides_how_much_is_computed_twice(tiny_model: Path, step: Step) -> None:
    _, _, engine = gradients(fresh(tiny_model, budget=150), step)
    assert engine.bytes_per_token is not None
    # A token of the tiny model (2 layers of 32, in fp32) keeps a few KB.
    assert 2_000 < engine.bytes_per_token < 60_000
    shares = []
    for memory in (0, 200, 400, 10_000):
        _, _, one = gradients(fresh(tiny_model, budget=150), step, memory=memory * engine.bytes_per_token)
        shares.append(one.recomputed)
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) == 4
    assert shares[-1] == 0


def test_a_loss_that_is_no_number_leaves_no_gradient(tiny_model: Path, step: Step) -> None:
    encoder = fresh(tiny_model)
    tokens = encoder.tokenise(TEXTS, "document")
    value = Engine(encoder, 1e12).backward(
        tokens, step.queries, tokens, step.texts, lambda similarity: (similarity.sum() * torch.nan, {})
    )
    assert np.isnan(value.loss)
    assert all(p.grad is None for p in encoder.model.parameters())
