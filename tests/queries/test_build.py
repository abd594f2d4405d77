"""The table of queries: what a generator writes, cleaned, with the human train topics."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.build import finish, from_answers, from_generator
from listill.queries.generator import Generator
from listill.schemas import SCHEMAS
from listill.settings.generation import Cleaning

CORPUS = Collection(
    ["a", "b", "c", "d"], ["A", "B", "C", "D"], [f"text of {x}" for x in "abcd"], np.array([0, 1, 2, 2])
)
TOPICS = pd.DataFrame({"query_id": ["t1", "t2"], "text": ["a train topic", "a test topic"], "split": ["train", "test"]})
QRELS = pd.DataFrame({"query_id": ["t1", "t2"], "doc_id": ["a", "b"], "relevance": [1, 1], "split": ["train", "test"]})


def queries(*rows: tuple[str, str, str, str], **columns: Any) -> pd.DataFrame:
    """Return a frame of query_id, text, doc_id, split."""
    frame = pd.DataFrame(rows, columns=["query_id", "text", "doc_id", "split"])
    frame = frame.assign(type="lead", generator="g", prompt=None, seed=1, finish_reason=None, start=pd.NA, end=pd.NA)
    return frame.assign(**columns).astype({"start": "Int32", "end": "Int32"})


class Numbers(Generator):
    """One query for each passage; ``kind`` also says the split, if it is one."""

    kind: str = "numbers"

    def generate(self, collection: Collection, passages: list[int], seed: int) -> pd.DataFrame:
        rows = [(f"q{i}", f"query {i} {seed}", collection.doc_ids[i], self.kind) for i in passages]
        frame = queries(*rows)
        return frame if self.kind == "train" else frame.drop(columns="split")


def test_the_split_is_that_of_the_passage() -> None:
    found = from_generator(Numbers(), CORPUS, {"b": "heldout"}, None, 5)
    assert dict(zip(found["doc_id"], found["split"], strict=True)) == {"a": "train", "b": "heldout", "c": "train"}
    assert found["text"].tolist() == ["query 0 5", "query 1 5", "query 2 5"]


def test_only_relevant_passages_train() -> None:
    found = from_generator(Numbers(), CORPUS, {"b": "heldout"}, None, 5, np.array([3]))
    assert found["doc_id"].tolist() == ["b", "c"]  # d is a duplicate of c


def test_a_generator_that_trains_on_a_held_out_passage_is_refused() -> None:
    with pytest.raises(UserError, match=r"^query 'q1' has split train, but its passage is held out; leave out"):
        from_generator(Numbers(kind="train"), CORPUS, {"b": "heldout"}, None, 5)


def answers(path: Path, frame: pd.DataFrame, **details: Any) -> Path:
    tables.write(path, "queries", frame, tables.Provenance(f"generated/{path.stem}", "f", {}, details))
    return path


def test_shards_are_put_together(tmp_path: Path) -> None:
    one = answers(tmp_path / "1-of-2.parquet", queries(("q2", "x y", "b", "train")), types={"lead": {"words": 9}})
    two = answers(tmp_path / "2-of-2.parquet", queries(("q1", "y z", "c", "train")))
    found, asked = from_answers([one, two], CORPUS)
    assert found["query_id"].tolist() == ["q2", "q1"]
    assert found.index.tolist() == [0, 1]
    assert asked.words == {"lead": 9}
    assert asked.passages == {"b": "B text of b", "c": "C text of c"}


def test_answers_that_are_missing_or_of_another_corpus(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="generator is null: give the files that the stage ask wrote with --generated"):
        from_answers([], CORPUS)
    path = answers(tmp_path / "1-of-1.parquet", queries(("q", "x y", "zz", "train")))
    with pytest.raises(UserError, match=r"1-of-1\.parquet: document 'zz' is not in the corpus"):
        from_answers([path], CORPUS)


WRITTEN = queries(
    ("q2", "a good query", "b", "train"),
    ("q1", "another good query", "c", "heldout"),
    ("q3", "short", "c", "train"),
    ("q4", "a test topic", "c", "train"),
)


def counted(funnel: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    assert tables.as_table("funnel", funnel).num_rows == len(funnel)
    assert set(funnel["stage"]) == {"queries"}
    return dict(
        zip(zip(funnel["type"], funnel["split"], funnel["reason"], strict=True), funnel["queries"], strict=True)
    )


def test_cleaned_with_the_train_topics_and_counted() -> None:
    kept, funnel = finish(WRITTEN, TOPICS, QRELS, Cleaning())
    assert list(zip(kept["query_id"], kept["type"], kept["split"], strict=True)) == [
        ("q1", "lead", "heldout"),
        ("q2", "lead", "train"),
        ("t1", "human", "train"),
    ]
    assert tables.as_table("queries", kept).schema == SCHEMAS["queries"]
    assert counted(funnel) == {
        ("lead", "train", "generated"): 3,
        ("lead", "heldout", "generated"): 1,
        ("lead", "train", "kept"): 1,
        ("lead", "heldout", "kept"): 1,
        ("lead", "train", "short"): 1,
        ("lead", "train", "topic overlap"): 1,
        ("human", "train", "generated"): 1,
        ("human", "train", "kept"): 1,
    }


def test_without_judgements_there_are_no_human_queries() -> None:
    kept, funnel = finish(WRITTEN, TOPICS, None, Cleaning())
    assert kept["query_id"].tolist() == ["q1", "q2"]
    assert set(funnel["type"]) == {"lead"}


def test_an_id_stands_for_one_query() -> None:
    clash = queries(("t1", "a good query", "b", "train"))
    with pytest.raises(UserError, match="query_id 't1' stands for a topic and for a generated query; rename the topic"):
        finish(clash, TOPICS, QRELS, Cleaning())
    dropped = queries(("t1", "short", "b", "train"), ("q", "a good query", "b", "train"))
    assert finish(dropped, TOPICS, QRELS, Cleaning())[0]["query_id"].tolist() == ["q", "t1"]


def test_nothing_to_train_on_is_an_error() -> None:
    only = queries(("q1", "a good query", "c", "heldout"))
    with pytest.raises(
        UserError, match="no query to train on is left: see the counts above, and generation in the config"
    ):
        finish(only, TOPICS, None, Cleaning())
