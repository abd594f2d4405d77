"""Selection: how candidates are measured on dev queries."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tiny
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.evaluation.topics import EvaluationQueries
from listill.retrieval.encoder import Encoder
from listill.settings.selection import Selection
from listill.settings.students import Student
from listill.training.selection import Selector, selector, whole_corpus


@pytest.fixture(scope="module")
def collection() -> Collection:
    rows = tiny.tiny_documents(40)
    return Collection([r["_id"] for r in rows], [r["title"] for r in rows], [r["text"] for r in rows], np.arange(40))


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> Encoder:
    return Encoder(Student(model=str(tiny_model), precision="fp32"))


def topics(collection: Collection, count: int = 12) -> EvaluationQueries:
    rows = [(f"q{i:02}", collection.titles[i], "dev", "human") for i in range(count)]
    rows += [("t0", "test topic", "test", "human"), ("u0", "without a positive judgement", "dev", "human")]
    qrels = [(f"q{i:02}", f"d{i:03}", 1, "dev") for i in range(count)]
    qrels += [("q00", "d030", 0, "dev"), ("t0", "d035", 1, "test"), ("u0", "d036", 0, "dev")]
    return EvaluationQueries(
        pd.DataFrame(rows, columns=["query_id", "text", "split", "type"]),
        pd.DataFrame(qrels, columns=["query_id", "doc_id", "relevance", "split"]),
    )


def select(
    collection: Collection,
    encoder: Encoder,
    seed: int = 1,
    count: int = 12,
    candidates: pd.DataFrame | None = None,
    missing: str | None = None,
    **settings: int,
) -> tuple[Selector, float]:
    tokens = encoder.tokenise([collection.rendered(i) for i in range(len(collection))], "document")
    vectors = encoder.encode(tokens, "document")
    evaluated, selection = topics(collection, count), Selection.model_validate(settings)
    if missing:
        evaluated.qrels.loc[len(evaluated.qrels)] = ["q00", missing, 1, "dev"]
    whole = whole_corpus(collection, evaluated, encoder, tokens)
    assert len(whole.queries) == count
    return selector(whole, evaluated, encoder, vectors, selection, seed, candidates)


def test_a_small_corpus_uses_all_judged_dev_queries_and_all_documents(collection: Collection, encoder: Encoder) -> None:
    chosen, base = select(collection, encoder)
    assert chosen.query_ids == [f"q{i:02}" for i in range(12)]
    assert chosen.collection.doc_ids == collection.doc_ids
    assert base == pytest.approx(chosen.measure(encoder), abs=1e-6)
    assert 0 < base < 1


def test_queries_are_sampled_with_the_seed(collection: Collection, encoder: Encoder) -> None:
    one, _ = select(collection, encoder, queries=5)
    again, _ = select(collection, encoder, queries=5)
    other, _ = select(collection, encoder, seed=2, queries=5)
    assert len(one.queries) == 5
    assert one.query_ids == sorted(one.query_ids) == again.query_ids != other.query_ids
    assert one.queries == [collection.titles[int(query_id[1:])] for query_id in one.query_ids]
    assert set(one.qrels["query_id"]) == set(one.query_ids)


def test_a_large_corpus_is_sampled_with_all_relevant_and_hard_documents(
    collection: Collection, encoder: Encoder
) -> None:
    whole, _ = select(collection, encoder, count=2)
    part, value = select(collection, encoder, count=2, documents=25)
    assert len(part.collection) == 25
    assert {"d000", "d001"} <= set(part.collection.doc_ids)
    # They include the base model's ten best documents of each query, so its nDCG@10 is that of the whole corpus.
    assert value == pytest.approx(whole.measure(encoder), abs=1e-6)
    least, value = select(collection, encoder, count=2, documents=1)
    assert len(least.collection) < 25
    assert value == pytest.approx(whole.measure(encoder), abs=1e-6)
    again, _ = select(collection, encoder, count=2, documents=25)
    assert part.collection.doc_ids == again.collection.doc_ids


def test_a_judged_document_that_is_not_in_the_corpus_is_never_found(collection: Collection, encoder: Encoder) -> None:
    _, value = select(collection, encoder, count=2, documents=25)
    part, lower = select(collection, encoder, count=2, documents=25, missing="gone")
    assert len(part.collection) == 25
    assert 0 < lower < value


class Vectors:
    """An encoder with given embeddings of all queries and of all documents."""

    def __init__(self, queries: np.ndarray, documents: np.ndarray) -> None:
        self.vectors = {"query": queries, "document": documents}

    def rank_of(self, query: int, document: int) -> int:
        """Return the rank of a document; of equal documents, those with a smaller position come first."""
        scores = self.vectors["document"] @ self.vectors["query"][query]
        return int((scores > scores[document]).sum() + (scores[:document] == scores[document]).sum()) + 1

    def tokenise(self, texts: list[str], kind: str) -> list[str]:
        return texts

    def encode(self, texts: list[str], kind: str, label: str = "") -> np.ndarray:
        assert len(texts) == len(self.vectors[kind])
        return self.vectors[kind]


def test_measure(collection: Collection) -> None:
    judged = pd.DataFrame({"query_id": ["q0", "q1"], "doc_id": ["d004", "d002"], "relevance": 1, "split": "dev"})
    dev = Selector(collection.subset(np.array([2, 4, 6])), ["q0", "q1"], ["a", "b"], judged)
    queries = np.array([[0.1, 0.9, 0.0], [0.2, 0.9, 0.5]], dtype=np.float32)
    # q0 finds document 4 first; q1 finds document 2 last of three: 1 / log2(4).
    model = Vectors(queries, np.eye(3, dtype=np.float32))
    assert dev.measure(model) == pytest.approx((1 + 0.5) / 2)  # type: ignore[arg-type]
    # Given embeddings of the documents are used: with 4 and 6 exchanged, q0 also finds its document last.
    other = np.eye(3, dtype=np.float32)[[0, 2, 1]]
    assert dev.measure(model, other) == pytest.approx((0.5 + 0.5) / 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["query", "document"])
def test_embeddings_with_nan_count_as_0(collection: Collection, kind: str) -> None:
    judged = pd.DataFrame({"query_id": ["q0"], "doc_id": ["d002"], "relevance": 1, "split": "dev"})
    dev = Selector(collection.subset(np.array([2, 4])), ["q0"], ["a"], judged)
    model = Vectors(np.array([[1.0, 0.0]], dtype=np.float32), np.eye(2, dtype=np.float32))
    assert dev.measure(model) == 1.0  # type: ignore[arg-type]
    model.vectors[kind] = model.vectors[kind] * np.nan
    assert dev.measure(model) == 0.0  # type: ignore[arg-type]


def test_a_topic_that_is_a_document_does_not_find_itself(collection: Collection) -> None:
    documents = dataclasses.replace(collection.subset(np.array([2, 4, 6])), topics_are_documents=True)
    judged = pd.DataFrame({"query_id": ["d002"], "doc_id": ["d004"], "relevance": 1, "split": "dev"})
    dev = Selector(documents, ["d002"], ["a"], judged)
    queries = np.array([[1.0, 0.9, 0.0]], dtype=np.float32)  # the topic itself is first
    assert dev.measure(Vectors(queries, np.eye(3, dtype=np.float32))) == 1.0  # type: ignore[arg-type]


def test_no_dev_queries(collection: Collection, encoder: Encoder) -> None:
    with pytest.raises(UserError, match="there are no dev queries to select the weights by: add dev topics"):
        select(collection, encoder, count=0)


def test_documents_that_bm25_finds_are_searched(collection: Collection, encoder: Encoder) -> None:
    rows = [("q00", f"d{i:03}", "bm25", rank) for rank, i in enumerate(range(39, 27, -1), 1)]
    rows += [("t0", "d005", "bm25", 1), ("q00", "d006", "another student", 1)]
    found = pd.DataFrame(rows, columns=["query_id", "doc_id", "retriever", "rank"])
    alone, _ = select(collection, encoder, count=1, documents=1)
    part, _ = select(collection, encoder, count=1, documents=1, candidates=found)
    # The first ten of BM25, but not those of queries that are not measured, nor those of another student.
    assert set(part.collection.doc_ids) == set(alone.collection.doc_ids) | {f"d{i:03}" for i in range(39, 29, -1)}


def test_synthetic_queries_join_a_few_dev_topics_with_a_smaller_weight(collection: Collection) -> None:
    """A single dev topic decided everything, and with it there were no synthetic dev queries."""
    evaluated = with_synthetic(collection, topic_count=2, synthetic=4)
    queries = np.zeros((6, 40), dtype=np.float32)
    queries[np.arange(6), [1, 1, 2, 3, 4, 5]] = 1  # only the topic h0 does not find its document
    model = Vectors(queries, np.eye(40, dtype=np.float32))
    whole = whole_corpus(collection, evaluated, model, ["x"] * 40)  # type: ignore[arg-type]
    assert whole.query_ids == ["h0", "h1", "s2", "s3", "s4", "s5"]
    # Two topics are missing to min_dev_topics = 4, so the four synthetic queries weigh 0.5 each.
    assert whole.weights is not None
    assert whole.weights.tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5]
    lost = 1 - per_query_value(rank=model.rank_of(0, 0))
    assert whole.measure(model) == pytest.approx(1 - lost / 4)  # type: ignore[arg-type]


def with_synthetic(collection: Collection, topic_count: int, synthetic: int) -> EvaluationQueries:
    names = [f"h{i}" for i in range(topic_count)] + [f"s{i}" for i in range(topic_count, topic_count + synthetic)]
    types = ["human"] * topic_count + ["lead"] * synthetic
    queries = pd.DataFrame({"query_id": names, "text": "x", "split": "dev", "type": types})
    judged = pd.DataFrame(
        {"query_id": names, "doc_id": collection.doc_ids[: len(names)], "relevance": 1, "split": "dev"}
    )
    return EvaluationQueries(queries, judged, min_dev_topics=4)


def per_query_value(rank: int) -> float:
    return float(1 / np.log2(rank + 1)) if rank <= 10 else 0.0


@pytest.mark.parametrize(("limit", "expected"), [(2, 2), (3, 2), (5, 2)])
def test_topics_are_sampled_before_synthetic_queries(
    collection: Collection, encoder: Encoder, limit: int, expected: int
) -> None:
    evaluated = with_synthetic(collection, topic_count=2, synthetic=20)
    tokens = encoder.tokenise([collection.rendered(i) for i in range(40)], "document")
    whole = whole_corpus(collection, evaluated, encoder, tokens)
    vectors = encoder.encode(tokens, "document")
    part, _ = selector(whole, evaluated, encoder, vectors, Selection(queries=limit), 1)
    assert len(part.query_ids) == limit
    assert sum(query_id.startswith("h") for query_id in part.query_ids) == expected
    # The weight of the synthetic queries that are left does not exceed that of the missing topics.
    assert part.weights is not None
    assert part.weights[part.weights < 1].sum() <= 2


@pytest.mark.parametrize(("synthetic", "warned"), [(1, True), (2, False)])
def test_too_few_dev_queries_are_called_so(
    collection: Collection, encoder: Encoder, synthetic: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="listill")
    evaluated = with_synthetic(collection, topic_count=2, synthetic=synthetic)  # four topics are wanted
    whole_corpus(collection, evaluated, encoder, encoder.tokenise(["x"] * 40, "document"))
    assert f"the weights are selected by 2 topics and {synthetic} synthetic queries" in caplog.text
    assert ("so few dev queries cannot decide reliably" in caplog.text) == warned
