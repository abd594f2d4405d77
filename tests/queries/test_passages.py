"""Which passages get queries, and the human queries."""

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.queries.passages import human_queries, passages, split_of


def collection(size: int, twins: dict[int, int], ids: list[str] | None = None) -> Collection:
    group = np.array([twins.get(i, i) for i in range(size)])
    return Collection(
        ids or [f"d{i:02}" for i in range(size)], [None] * size, [f"text {i}" for i in range(size)], group
    )


def test_duplicates_get_no_queries_but_held_out_passages_do() -> None:
    held = split_of(pd.DataFrame({"doc_id": ["d03", "d05"], "split": ["heldout", "dev"]}))
    assert held == {"d03": "heldout", "d05": "dev"}
    assert passages(collection(8, {4: 1, 7: 5}), held, None, seed=1) == [0, 1, 2, 3, 5, 6]


def test_the_budget_is_for_passages_that_train() -> None:
    held = {"d03": "heldout", "d05": "dev"}
    chosen = passages(collection(40, {4: 1}), held, 6, seed=1)
    assert chosen == sorted(chosen)
    assert len(chosen) == 6 + 2
    assert {3, 5} <= set(chosen)
    assert 4 not in chosen
    assert passages(collection(40, {4: 1}), held, 6, seed=1) == chosen
    assert passages(collection(40, {4: 1}), held, 6, seed=2) != chosen
    assert len(passages(collection(40, {4: 1}), held, 1000, seed=1)) == 39


def test_the_order_of_the_corpus_does_not_matter() -> None:
    ids = [f"d{i:02}" for i in range(20)]
    forwards, backwards = collection(20, {}, ids), collection(20, {}, ids[::-1])
    names = [{one.doc_ids[i] for i in passages(one, {"d03": "heldout"}, 5, seed=9)} for one in (forwards, backwards)]
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
