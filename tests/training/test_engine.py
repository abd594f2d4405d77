"""The engine: chunks, gradient caching and distinct texts affect only time and memory."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from listill.ragged import Ragged
from listill.retrieval.encoder import Encoder
from listill.retrieval.tokens import Tokens
from listill.settings.students import Student
from listill.settings.training import Negatives, Temperatures
from listill.training.batches import Step, collate
from listill.training.engine import Engine, padded
from listill.training.examples import Examples
from listill.training.objective import weighted
from listill.training.schedule import set_dropout

ROWS = tiny.tiny_documents(20)
QUERIES = [row["title"] for row in ROWS[:8]]
TEXTS = [row["text"][: 30 + 9 * i] for i, row in enumerate(ROWS)]
LOSSES = {"listwise": 1.0, "infonce": 0.3, "anchor": 0.5, "anchor_kl": 0.2}
TEMPERATURES = Temperatures(teacher=0.3)


def fresh(folder: Path, precision: str = "fp32", dropout: float = 0.0, budget: int = 10**9) -> Encoder:
    encoder = Encoder(Student.model_validate({"model": str(folder), "precision": precision}), trainable=True)
    encoder.token_budget = budget
    set_dropout(encoder.model, dropout)
    torch.manual_seed(7)
    return encoder


@pytest.fixture(scope="module")
def step() -> Step:
    """Lists of 2 to 5 texts that share texts; text 0 is in most of them."""
    draw = np.random.default_rng(0)
    lists = [np.array([i + 1, 0, *draw.choice(range(10, 20), size=i % 4, replace=False)]) for i in range(len(QUERIES))]
    examples = Examples(
        query_ids=[f"q{i}" for i in range(len(QUERIES))],
        types=["title"] * len(QUERIES),
        queries=QUERIES,
        lists=Ragged.of(lists),
        scores=Ragged.of([np.sort(draw.random(len(row)).astype(np.float32))[::-1] for row in lists]),
        relevant=Ragged.of([row[:1] for row in lists]),
        texts=TEXTS,
        group=np.arange(len(TEXTS)),
        document=np.arange(len(TEXTS)),
        base=(unit(draw, len(QUERIES)), unit(draw, len(TEXTS))),
    )
    return collate(examples, np.arange(len(QUERIES)), Negatives())


def unit(draw: np.random.Generator, count: int, dimension: int = 32) -> np.ndarray:
    """Return random vectors [count, dimension] of length 1."""
    vectors = draw.normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def gradients(encoder: Encoder, step: Step, memory: float = 1e12) -> tuple[float, dict[str, torch.Tensor], Engine]:
    """Return the loss, the gradients, and the engine that computed them."""
    engine = Engine(encoder, memory)
    queries, texts = encoder.tokenise(QUERIES, "query"), encoder.tokenise(TEXTS, "document")

    def loss(*embeddings: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
        return weighted(on(step, encoder.device), *embeddings, LOSSES, TEMPERATURES)  # type: ignore[arg-type]

    value = engine.backward(queries, step.queries, texts, step.texts, lambda *embeddings: [loss(*embeddings)])
    return value.loss, grads(encoder), engine


def grads(encoder: Encoder) -> dict[str, torch.Tensor]:
    gradients = {name: p.grad for name, p in encoder.model.named_parameters() if p.grad is not None}
    assert len(gradients) > 10
    return gradients


def on(step: Step, device: torch.device) -> Step:
    return Step(**{name: v.to(device) if isinstance(v, torch.Tensor) else v for name, v in vars(step).items()})


def assert_close(actual: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], atol: float = 2e-5) -> None:
    assert actual.keys() == expected.keys()
    for name in actual:
        torch.testing.assert_close(actual[name], expected[name], atol=atol, rtol=1e-3, msg=name)


@pytest.fixture
def plain(tiny_model: Path, step: Step) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradients of one padded batch of queries and one of texts, in a single backward pass."""
    encoder = fresh(tiny_model)
    queries, texts = encoder.tokenise(QUERIES, "query"), encoder.tokenise(TEXTS, "document")
    query = encoder.forward(queries, step.queries, "query")["sentence_embedding"]
    text = encoder.forward(texts, step.texts, "document")["sentence_embedding"]
    loss, _ = weighted(on(step, encoder.device), query, text, LOSSES, TEMPERATURES)  # type: ignore[arg-type]
    loss.backward()
    return float(loss.detach()), grads(encoder)


@pytest.mark.parametrize("budget", [1, 150, 10**9])
@pytest.mark.parametrize("memory", [0.0, 3e5, 1e12])
def test_chunks_and_caching_give_the_gradients_of_one_batch(
    tiny_model: Path, step: Step, plain: tuple[float, dict[str, torch.Tensor]], budget: int, memory: float
) -> None:
    loss, gradient, engine = gradients(fresh(tiny_model, budget=budget), step, memory)
    assert loss == pytest.approx(plain[0], rel=1e-5)
    assert_close(gradient, plain[1])
    assert (engine.recomputed == 0) == (memory == 1e12)


@pytest.mark.parametrize("memory", [0.0, 1e12])
def test_with_fixed_texts_the_gradient_is_that_of_the_queries(tiny_model: Path, step: Step, memory: float) -> None:
    """Compared with one backward pass through the queries alone; no text is encoded."""
    plain, ours = fresh(tiny_model), fresh(tiny_model, budget=60)
    queries, texts = plain.tokenise(QUERIES, "query"), plain.tokenise(TEXTS, "document")
    fixed = torch.nn.functional.normalize(torch.randn(len(step.texts), plain.dimension), dim=1).to(plain.device)

    def loss(*embeddings: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
        return weighted(on(step, plain.device), *embeddings, LOSSES, TEMPERATURES)  # type: ignore[arg-type]

    query = plain.forward(queries, step.queries, "query")["sentence_embedding"]
    expected = loss(query, fixed)[0]
    expected.backward()
    forward, kinds = ours.forward, []
    ours.forward = lambda *arguments: kinds.append(arguments[2]) or forward(*arguments)  # type: ignore[method-assign]
    engine = Engine(ours, memory)
    engine.bytes_per_token = 1.0
    value = engine.backward(queries, step.queries, texts, step.texts, lambda *vectors: [loss(*vectors)], fixed)
    assert set(kinds) == {"query"}
    assert value.loss == pytest.approx(float(expected.detach()), rel=1e-5)
    assert_close(grads(ours), grads(plain))


@pytest.mark.parametrize("memory", [0.0, 1e12])
def test_the_anchors_gradient_is_that_of_a_plain_version_in_float64(
    tiny_model: Path, step: Step, memory: float
) -> None:
    """Text by text through a model in float64, with the sum of squares written out; also with recomputation."""
    weights = {"anchor": 1.0}
    ours, plain = fresh(tiny_model, budget=60), fresh(tiny_model)
    queries, texts = ours.tokenise(QUERIES, "query"), ours.tokenise(TEXTS, "document")
    value = Engine(ours, memory).backward(
        *(queries, step.queries, texts, step.texts),
        lambda *embeddings: [weighted(on(step, ours.device), *embeddings, weights, TEMPERATURES)],  # type: ignore[arg-type]
    )
    plain.model.double()
    assert step.base is not None
    rows = [(queries, "query", int(q)) for q in step.queries] + [(texts, "document", int(t)) for t in step.texts]
    expected = torch.zeros((), dtype=torch.float64, device=plain.device)
    for (tokens, kind, position), base in zip(rows, step.base.double().to(plain.device), strict=True):
        features = plain._features(tokens, np.array([position]), kind)  # type: ignore[arg-type]
        embedding = plain.model(features, task=kind)["sentence_embedding"][0]
        for dimension in range(len(base)):
            expected = expected + (embedding[dimension] / embedding.norm() - base[dimension]) ** 2 / len(rows)
    expected.backward()
    assert expected.dtype == torch.float64
    assert value.loss == pytest.approx(float(expected.detach()), rel=1e-5)
    assert_close(grads(ours), {name: gradient.float() for name, gradient in grads(plain).items()})


def test_encoding_a_text_once_gives_the_gradients_of_encoding_all_copies(
    tiny_model: Path, step: Step, plain: tuple[float, dict[str, torch.Tensor]]
) -> None:
    """Every list has its own copies of the texts, as in sentence-transformers, with the same loss."""
    encoder = fresh(tiny_model)
    queries, texts = encoder.tokenise(QUERIES, "query"), encoder.tokenise(TEXTS, "document")
    query = encoder.forward(queries, step.queries, "query")["sentence_embedding"]
    columns, rows = [], []
    for q in range(len(QUERIES)):
        for column in step.lists[q][step.mask[q]].tolist():
            rows.append(int(step.texts[column]))
            columns.append(column)
    assert len(set(rows)) < len(rows)
    copies = encoder.forward(texts, np.array(rows), "document")["sentence_embedding"]
    # The mean of the equal embeddings of all copies is the embedding, and distributes the gradient over the copies.
    mean = torch.zeros(len(step.texts), copies.shape[1], device=copies.device)
    counts = torch.bincount(torch.tensor(columns), minlength=len(step.texts)).to(copies.device)
    mean = mean.index_add(0, torch.tensor(columns, device=copies.device), copies) / counts[:, None]
    loss, _ = weighted(on(step, encoder.device), query, mean, LOSSES, TEMPERATURES)  # type: ignore[arg-type]
    loss.backward()
    assert float(loss.detach()) == pytest.approx(plain[0], rel=1e-5)
    assert_close(grads(encoder), plain[1])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_gradient_caching_is_exact(tiny_model: Path, step: Step, dropout: float, precision: str) -> None:
    """Exact to the last bit, also with dropout: each chunk uses the same random numbers both times."""
    once, kept, first = gradients(fresh(tiny_model, precision, dropout, budget=150), step)
    assert first.recomputed == 0
    assert first.bytes_per_token is not None
    one_chunk = 150.5 * first.bytes_per_token
    twice, cached, engine = gradients(fresh(tiny_model, precision, dropout, budget=150), step, memory=one_chunk)
    assert engine.recomputed > 0
    assert once == twice
    assert all(torch.equal(kept[name], cached[name]) for name in kept)
    if dropout:
        other = gradients(fresh(tiny_model, precision, 0.0, budget=150), step)[1]
        assert any((kept[name] - other[name]).abs().max() > 1e-3 for name in kept)


def test_memory_limits_how_much_is_computed_twice(tiny_model: Path, step: Step) -> None:
    _, _, engine = gradients(fresh(tiny_model, budget=150), step)
    assert engine.bytes_per_token is not None
    # The activations of one token in the tiny model (2 layers of 32, in fp32) take a few KB.
    assert 2_000 < engine.bytes_per_token < 60_000
    recomputed = []
    for memory in (0, 200, 400, 10_000):
        _, _, limited = gradients(fresh(tiny_model, budget=150), step, memory=memory * engine.bytes_per_token)
        recomputed.append(limited.recomputed)
    assert recomputed == sorted(recomputed, reverse=True)
    assert len(set(recomputed)) == 4
    assert recomputed[-1] == 0


def test_a_loss_that_is_nan_leaves_no_gradient(tiny_model: Path, step: Step) -> None:
    encoder = fresh(tiny_model)
    tokens = encoder.tokenise(TEXTS, "document")
    value = Engine(encoder, 1e12).backward(
        tokens, step.queries, tokens, step.texts, lambda query, text: [((query @ text.T).sum() * torch.nan, {})]
    )
    assert np.isnan(value.loss)
    assert all(p.grad is None for p in encoder.model.parameters())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("length", [20, 128])
def test_memory_is_what_each_further_text_keeps(tmp_path: Path, precision: str, length: int) -> None:
    """At 128 tokens, activations have the shape of the position table. Weights, cast or not, are kept once."""
    encoder = fresh(tiny.make_tiny_model(tmp_path / "m", max_length=128), precision)
    text = encoder.tokenise([" ".join(TEXTS)], "document").cut(length)
    tokens = text.take(np.zeros(3, dtype=np.int64))
    assert tokens.lengths.tolist() == [length] * 3
    engine, everything = Engine(encoder, 1e12), np.arange(3)
    engine.backward(tokens, everything, tokens, everything, lambda query, text: [((query @ text.T).sum(), {})])
    assert engine.bytes_per_token is not None
    two, three = (kept_bytes(encoder, tokens, np.arange(count)) for count in (2, 3))
    assert engine.bytes_per_token == pytest.approx((three - two) / length, rel=0.02)


def kept_bytes(encoder: Encoder, tokens: Tokens, texts: np.ndarray) -> int:
    """Return the size of all that a batch of texts keeps for the backward pass, weights included."""
    storages = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        encoder.forward(tokens, texts, "document")
    return sum(storage.nbytes() for storage in storages.values())


def test_chunks_on_a_cpu_are_smaller_than_the_batches_of_the_encoder(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listill.training.engine.CPU_CHUNK", 64)
    encoder = fresh(tiny_model)
    engine = Engine(encoder, 1e12)
    engine.bytes_per_token = 1.0
    tokens = encoder.tokenise(TEXTS, "document")
    chunks = engine._chunks("document", tokens, np.arange(len(tokens)), 0)
    assert len(chunks) > 1
    assert all(padded(chunk) <= 64 or len(chunk.positions) == 1 for chunk in chunks)
