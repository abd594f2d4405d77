"""Building the table of queries: generated queries, cleaned, with the human train topics."""

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
    """One query per passage; ``kind`` is also the split, if it is a split."""

    kind: str = "numbers"

    def generate(self, collection: Collection, passages: list[int], seed: int) -> pd.DataFrame:
        rows = [(f"q{i}", f"query {i} {seed}", collection.doc_ids[i], self.kind) for i in passages]
        frame = queries(*rows)
        return frame if self.kind == "train" else frame.drop(columns="split")


def test_a_query_has_the_split_of_its_passage() -> None:
    generated = from_generator(Numbers(), CORPUS, {"b": "heldout"}, None, 5)
    assert dict(zip(generated["doc_id"], generated["split"], strict=True)) == {
        "a": "train",
        "b": "heldout",
        "c": "train",
    }
    assert generated["text"].tolist() == ["query 0 5", "query 1 5", "query 2 5"]


def test_training_queries_can_be_limited_to_relevant_passages() -> None:
    generated = from_generator(Numbers(), CORPUS, {"b": "heldout"}, None, 5, np.array([3]))
    assert generated["doc_id"].tolist() == ["b", "c"]  # d is a duplicate of c


def test_training_queries_of_held_out_passages_are_an_error() -> None:
    with pytest.raises(UserError, match=r"^query 'q1' has split train, but its passage is held out; remove"):
        from_generator(Numbers(kind="train"), CORPUS, {"b": "heldout"}, None, 5)


def answers(path: Path, frame: pd.DataFrame, **details: Any) -> Path:
    tables.write(path, "queries", frame, tables.Provenance(f"generated/{path.stem}", "f", {}, details))
    return path


def test_shards_are_concatenated(tmp_path: Path) -> None:
    types = {"lead": {"words": 9, "prompt": "Write.", "examples": ["like this"]}}
    one = answers(tmp_path / "1-of-2.parquet", queries(("q2", "x y", "b", "train")), types=types)
    two = answers(tmp_path / "2-of-2.parquet", queries(("q1", "y z", "c", "train")))
    generated, requests = from_answers([one, two], CORPUS)
    assert generated["query_id"].tolist() == ["q2", "q1"]
    assert generated.index.tolist() == [0, 1]
    assert requests.max_words == {"lead": 9}
    assert requests.prompts == {"lead": "Write."}
    assert requests.examples == {"lead": ["like this"]}
    assert requests.passages == {"b": "B text of b", "c": "C text of c"}


def test_missing_answers_and_unknown_documents_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="generator is null: pass the output files of the stage ask with --generated"):
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


def test_queries_are_cleaned_and_counted_and_train_topics_added() -> None:
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


def test_a_topic_and_a_query_with_the_same_id_are_an_error() -> None:
    clash = queries(("t1", "a good query", "b", "train"))
    with pytest.raises(UserError, match="query_id 't1' is both a topic and a generated query: rename the topic"):
        finish(clash, TOPICS, QRELS, Cleaning())
    dropped = queries(("t1", "short", "b", "train"), ("q", "a good query", "b", "train"))
    assert finish(dropped, TOPICS, QRELS, Cleaning())[0]["query_id"].tolist() == ["q", "t1"]


def test_a_corpus_that_only_serves_to_measure_has_no_training_queries() -> None:
    only = queries(("q1", "a good query", "c", "heldout"))
    assert finish(only, TOPICS, None, Cleaning())[0]["query_id"].tolist() == ["q1"]
