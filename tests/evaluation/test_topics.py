"""The evaluation queries and their judgements."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.evaluation.topics import EvaluationQueries, dev_weights, evaluation_queries
from listill.schemas import SCHEMAS

TOPICS = {"query_id": ["t1", "t2", "t3"], "text": ["one", "two", "three"], "split": ["train", "dev", "test"]}
QRELS = {
    "query_id": ["t1", "t2", "t3", "t3"],
    "doc_id": ["a", "b", "a", "b"],
    "relevance": [1, 1, 2, 0],
    "split": ["train", "dev", "test", "test"],
}
CORPUS = {
    "doc_id": ["a", "b", "c", "d"],
    "title": [None] * 4,
    "text": ["A", "B", "C", "c"],
    "duplicate_of": [None, None, None, "c"],
}
QUERIES = [
    ("t1", "one", "human", "a", "train"),
    ("s1", "of a", "lead", "a", "train"),
    ("s2", "of c", "lead", "c", "heldout"),
    ("s3", "of d", "cloze", "d", "dev"),
]
Load = Callable[..., EvaluationQueries]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(**changed: Any) -> EvaluationQueries:
        rows = changed.get("queries", QUERIES)
        queries = pd.DataFrame(rows, columns=["query_id", "text", "type", "doc_id", "split"])
        filled = queries.reindex(columns=SCHEMAS["queries"].names).astype(object)
        data = {"topics": TOPICS, "qrels": QRELS, "corpus": CORPUS, **changed}
        data["queries"] = filled.where(filled.notna(), None)
        for name in data:
            details = {"min_dev_topics": 2} if name == "corpus" else {}
            tables.write(tmp_path / f"{name}.parquet", name, data[name], tables.Provenance(name, "0", details=details))
        return evaluation_queries(*(tmp_path / f"{name}.parquet" for name in ("topics", "qrels", "queries", "corpus")))

    return loaded


def test_human_dev_and_test_topics_and_synthetic_queries_of_held_out_passages(load: Load) -> None:
    evaluated = load()
    assert evaluated.human
    assert list(evaluated.queries.itertuples(index=False, name=None)) == [
        ("s3", "of d", "dev", "cloze"),
        ("t2", "two", "dev", "human"),
        ("s2", "of c", "heldout", "lead"),
        ("t3", "three", "test", "human"),
    ]


def test_duplicates_of_the_source_are_relevant_and_human_judgements_do_not_change(load: Load) -> None:
    assert list(load().qrels.itertuples(index=False, name=None)) == [
        ("s3", "c", 1, "dev"),
        ("s3", "d", 1, "dev"),
        ("t2", "b", 1, "dev"),
        ("s2", "c", 1, "heldout"),
        ("s2", "d", 1, "heldout"),
        ("t3", "a", 2, "test"),
        ("t3", "b", 0, "test"),
    ]


def test_no_human_topics(load: Load) -> None:
    evaluated = load(topics={column: [] for column in TOPICS}, qrels={column: [] for column in QRELS})
    assert not evaluated.human
    assert list(evaluated.queries["query_id"]) == ["s3", "s2"]


def test_no_synthetic_queries(load: Load) -> None:
    assert list(load(queries=[]).queries["query_id"]) == ["t2", "t3"]


def test_unknown_passages_and_duplicate_ids_are_errors(load: Load) -> None:
    with pytest.raises(UserError, match=r"queries\.parquet: document 'zz' is not in"):
        load(queries=[("s", "text", "lead", "zz", "heldout")])
    with pytest.raises(UserError, match="two evaluation queries have the query_id 't3'"):
        load(queries=[("t3", "text", "lead", "a", "heldout")])


def test_with_enough_dev_topics_synthetic_dev_queries_are_left_out(load: Load) -> None:
    topics = {
        column: [*values, value] for (column, values), value in zip(TOPICS.items(), ["t4", "four", "dev"], strict=True)
    }
    judged = {
        column: [*values, value] for (column, values), value in zip(QRELS.items(), ["t4", "a", 1, "dev"], strict=True)
    }
    assert load(topics=topics, qrels=judged).composition("dev") == "2 topics"
    # A topic without a relevant document is not enough.
    judged["relevance"][-1] = 0
    evaluated = load(topics=topics, qrels=judged)
    assert evaluated.composition("dev") == (
        "1 topic and 1 synthetic queries (which together weigh as much as 1 topics, as there are few topics)"
    )
    assert evaluated.min_dev_topics == 2


def test_samples_have_clusters_and_weights(load: Load) -> None:
    evaluated = load()
    assert evaluated.sample(["s3", "t2"]).weight.tolist() == [1.0, 1.0]
    assert evaluated.sample(["s3", "t2"]).clusters == 2
    assert evaluated.sample(["t3"]).clusters == 1


def test_duplicates_and_only_queries_of_the_sample_make_clusters(load: Load) -> None:
    queries = [("h1", "of c", "lead", "c", "heldout"), ("h2", "of d", "lead", "d", "heldout")]
    topics = {"query_id": ["t1", "t2", "t3"], "text": ["x"] * 3, "split": ["test", "dev", "test"]}
    judged = [("t1", "a"), ("t2", "a"), ("t2", "b"), ("t3", "b")]
    qrels = {"query_id": [q for q, _ in judged], "doc_id": [d for _, d in judged], "relevance": [1] * 4}
    evaluated = load(topics=topics, qrels=qrels | {"split": ["test", "dev", "dev", "test"]}, queries=queries)
    assert evaluated.sample(["h1", "h2"]).clusters == 1  # d is a duplicate of c
    assert evaluated.sample(["t1", "t3"]).clusters == 2  # t2, a dev topic, does not connect them


@pytest.mark.parametrize(
    ("topics", "synthetic", "weight"),
    [
        (4, 52, 0.5),  # 26 topics are missing to 30: the synthetic queries together weigh as much
        (4, 13, 1.0),  # but none weighs more than a topic
        (29, 50, 0.02),
        (30, 50, 0.0),
        (0, 50, 1.0),
    ],
)
def test_weights_of_dev_queries(topics: int, synthetic: int, weight: float) -> None:
    human = np.repeat([True, False], [topics, synthetic])
    assert dev_weights(human, 30).tolist() == [1.0] * topics + [pytest.approx(weight)] * synthetic
