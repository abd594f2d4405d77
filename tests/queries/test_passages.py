"""The choice of passages that get queries, and the human queries."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.passages import (
    human_queries,
    passages,
    passages_without_queries,
    relevant_to_train_topics,
    split_of,
)


def collection(size: int, duplicates: dict[int, int], ids: list[str] | None = None) -> Collection:
    group = np.array([duplicates.get(i, i) for i in range(size)])
    return Collection(
        ids or [f"d{i:02}" for i in range(size)], [None] * size, [f"text {i}" for i in range(size)], group
    )


def test_duplicates_get_no_queries_but_held_out_passages_do() -> None:
    held = split_of(pd.DataFrame({"doc_id": ["d03", "d05"], "split": ["heldout", "dev"]}))
    assert held == {"d03": "heldout", "d05": "dev"}
    assert passages(collection(8, {4: 1, 7: 5}), held, None, seed=1) == [0, 1, 2, 3, 5, 6]


def test_the_budget_only_limits_training_passages() -> None:
    held = {"d03": "heldout", "d05": "dev"}
    chosen = passages(collection(40, {4: 1}), held, 6, seed=1)
    assert chosen == sorted(chosen)
    assert len(chosen) == 6 + 2
    assert {3, 5} <= set(chosen)
    assert 4 not in chosen
    assert passages(collection(40, {4: 1}), held, 6, seed=1) == chosen
    assert passages(collection(40, {4: 1}), held, 6, seed=2) != chosen
    assert len(passages(collection(40, {4: 1}), held, 1000, seed=1)) == 39


def test_empty_passages_get_no_queries() -> None:
    documents = Collection(["a", "b", "c"], ["A", "B", None], ["", "text", ""], np.arange(3), "{text}")
    assert passages(documents, {}, None, seed=1) == [1]
    assert passages(dataclasses.replace(documents, template="{title} {text}"), {}, None, seed=1) == [0, 1]


def test_training_passages_can_be_limited_to_relevant_ones() -> None:
    held, relevant = {"d03": "heldout"}, np.array([2, 4, 6, 9])  # 4 is a duplicate of 1
    assert passages(collection(20, {4: 1}), held, None, seed=1, relevant=relevant) == [1, 2, 3, 6, 9]
    drawn = passages(collection(20, {4: 1}), held, 2, seed=1, relevant=relevant)
    assert len(drawn) == 2 + 1
    assert set(drawn) < {1, 2, 3, 6, 9}


def test_documents_that_are_relevant_to_train_topics(tmp_path: Path) -> None:
    rows = [("t1", "d02", 1, "train"), ("t1", "d04", 0, "train"), ("t2", "d02", 2, "train"), ("t3", "d05", 1, "test")]
    judged = pd.DataFrame(rows, columns=["query_id", "doc_id", "relevance", "split"])
    path = tmp_path / "qrels.parquet"
    judged.to_parquet(path)
    assert relevant_to_train_topics(collection(8, {}), path).tolist() == [2]
    judged[judged["split"] == "test"].to_parquet(path)
    with pytest.raises(
        UserError, match=r"no train topic has a relevant document: set corpora.<name>.passages_from to all"
    ):
        relevant_to_train_topics(collection(8, {}), path)


def test_the_order_of_the_corpus_does_not_matter() -> None:
    ids = [f"d{i:02}" for i in range(20)]
    forwards, backwards = collection(20, {}, ids), collection(20, {}, ids[::-1])
    names = [
        {documents.doc_ids[i] for i in passages(documents, {"d03": "heldout"}, 5, seed=9)}
        for documents in (forwards, backwards)
    ]
    assert names[0] == names[1]


def test_human_queries() -> None:
    topics = pd.DataFrame(
        {
            "query_id": ["t1", "t2", "t3", "t4", "t5"],
            "text": ["one", "two", "three", "four", "five"],
            "split": ["train", "train", "test", "dev", "train"],
        }
    )
    rows = [
        ("t1", "b", 1, "train"),
        ("t1", "c", 2, "train"),
        ("t1", "a", 2, "train"),
        ("t2", "d", 1, "train"),
        ("t2", "a", 0, "train"),
        ("t3", "a", 1, "test"),
        ("t4", "a", 1, "dev"),
        ("t5", "a", 0, "train"),
    ]
    human = human_queries(topics, pd.DataFrame(rows, columns=["query_id", "doc_id", "relevance", "split"]))
    assert human[["query_id", "text", "doc_id", "split", "type"]].to_numpy().tolist() == [
        ["t1", "one", "a", "train", "human"],
        ["t2", "two", "d", "train", "human"],
    ]
    assert human["start"].isna().all()
    assert human["end"].isna().all()


def test_passages_without_the_text_of_their_queries() -> None:
    corpus = Collection(["a", "b"], ["A", None], ["One two. Three four.", "Five six."], np.arange(2))
    rows = [("b", None, None), ("a", 9, 20), ("a", 0, 8), ("b", 0, 9)]
    queries = pd.DataFrame(rows, columns=["doc_id", "start", "end"]).astype({"start": "Int32", "end": "Int32"})
    assert passages_without_queries(corpus, queries) == {1: "A One two.", 2: "A Three four.", 3: ""}
    assert passages_without_queries(corpus, queries.head(1)) == {}
