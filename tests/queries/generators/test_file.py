"""The generator file: the user's own queries."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.generators.file import QueryFile

CORPUS = Collection(["a", "7"], [None, None], ["A", "B"], np.arange(2))
ROWS: dict[str, Any] = {"query_id": ["q1", "q2"], "text": ["one", "two"], "doc_id": ["a", "7"]}


def read(tmp_path: Path, rows: dict[str, Any]) -> pd.DataFrame:
    pd.DataFrame(rows).to_parquet(tmp_path / "own.parquet")
    return QueryFile(kind="file", path=str(tmp_path / "own.parquet")).generate(CORPUS, [], 5)


def test_missing_columns_get_defaults(tmp_path: Path) -> None:
    frame = read(tmp_path, {**ROWS, "surplus": [1, 2]})
    assert "surplus" not in frame
    assert "split" not in frame
    assert frame["type"].tolist() == ["own", "own"]
    assert frame["seed"].tolist() == [5, 5]
    table = tables.as_table("queries", frame.assign(split="train"))
    assert table["start"].to_pylist() == [None, None]
    assert table["text"].to_pylist() == ["one", "two"]


def test_existing_columns_are_kept(tmp_path: Path) -> None:
    more = {"type": ["claim", "title"], "split": ["dev", "train"], "start": [0, None], "end": [1, None], "seed": [1, 2]}
    frame = read(tmp_path, {**ROWS, **more})
    assert frame["type"].tolist() == ["claim", "title"]
    assert frame["split"].tolist() == ["dev", "train"]
    assert frame["start"].tolist() == [0, pd.NA]
    assert frame["seed"].tolist() == [1, 2]


def test_numeric_ids_are_strings(tmp_path: Path) -> None:
    frame = read(tmp_path, {"query_id": [1, 2], "text": ["one", "two"], "doc_id": [7, 7]})
    assert frame["query_id"].tolist() == ["1", "2"]
    assert frame["doc_id"].tolist() == ["7", "7"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            {"query_id": ["q"], "text": ["t"]},
            "own.parquet: column 'doc_id' is missing: required columns are query_id, text",
        ),
        ({**ROWS, "text": ["one", None]}, "own.parquet: row 2: text is empty"),
        ({**ROWS, "doc_id": [None, 7]}, "own.parquet: row 1: doc_id is empty"),
        ({**ROWS, "query_id": ["q1", "q1"]}, "own.parquet: row 2: duplicate query_id 'q1'"),
        ({**ROWS, "doc_id": ["a", "zz"]}, "own.parquet: document 'zz' is not in the corpus"),
        ({**ROWS, "query_id": [" ", "q"]}, "own.parquet: row 1: query_id is empty"),
        ({**ROWS, "query_id": ["q", "a\0b"]}, r"own.parquet: row 2: query_id 'a\x00b' has a control character: rename"),
        ({**ROWS, "text": [1, 2]}, "own.parquet: row 1: text is 1, not a text: write it as a string"),
        ({**ROWS, "text": [["one"], ["two"]]}, "own.parquet: row 1: text is array(['one'], dtype=object), not a text"),
        (
            {**ROWS, "split": ["train", "test"]},
            "own.parquet: row 2: split is 'test': use train, dev, heldout, or remove",
        ),
        ({**ROWS, "split": ["Train", "dev"]}, "own.parquet: row 1: split is 'Train': use train"),
        ({**ROWS, "split": [None, "dev"]}, "own.parquet: row 1: split is empty: use train"),
        ({**ROWS, "split": [1, 2]}, "own.parquet: row 1: split is 1: use train"),
        ({**ROWS, "start": [None, 0]}, "own.parquet: row 2: start is 0 and end is empty: give both or neither"),
        ({**ROWS, "end": [1, None]}, "own.parquet: row 1: start is empty and end is 1: give both or neither"),
        ({**ROWS, "start": [0, 1], "end": [1, 0]}, "own.parquet: row 2: start 1 and end 0 are no part of the text of"),
        ({**ROWS, "start": [0, 1], "end": [1, 1]}, "own.parquet: row 2: start 1 and end 1 are no part of the text of"),
        (
            {**ROWS, "start": [-1, 0], "end": [1, 1]},
            "own.parquet: row 1: start -1 and end 1 are no part of the text of",
        ),
        ({**ROWS, "start": [0, 0], "end": [1, 2]}, "own.parquet: row 2: start 0 and end 2 are no part of the text of"),
        (
            {**ROWS, "start": [0, 2**40], "end": [1, 2**41]},
            "own.parquet: row 2: start is 1099511627776, not an integer",
        ),
        (
            {**ROWS, "start": [0.5, 0], "end": [1, 1]},
            "own.parquet: row 1: start is 0.5, not an integer: correct or remove",
        ),
        ({**ROWS, "start": ["a", "b"], "end": [1, 1]}, "own.parquet: row 1: start is 'a', not an integer"),
        ({**ROWS, "start": [True, False], "end": [1, 1]}, "own.parquet: row 1: start is True, not an integer"),
        ({**ROWS, "seed": ["x", "y"]}, "own.parquet: row 1: seed is 'x', not an integer"),
        ({**ROWS, "seed": [float("inf"), 1]}, "own.parquet: row 1: seed is inf, not an integer"),
        ({**ROWS, "seed": [2.0**80, 1]}, "own.parquet: row 1: seed is 1.2089258196146292e+24, not an integer"),
    ],
)
def test_errors_name_the_file(tmp_path: Path, rows: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, rows)
    assert message in str(caught.value)


def test_ids_as_index_and_labels_of_other_types(tmp_path: Path) -> None:
    """A file that pandas has written with an index, and columns whose values are no strings."""
    frame = pd.DataFrame({**ROWS, "type": pd.Categorical(["a", "b"]), "generator": [1, 2], "prompt": [None, 3.0]})
    frame = frame.assign(finish_reason=[True, None], seed=[7.0, None])
    frame.set_index("query_id").to_parquet(tmp_path / "own.parquet")
    read = QueryFile(kind="file", path=str(tmp_path / "own.parquet")).generate(CORPUS, [], 5)
    table = tables.as_table("queries", read.assign(split="train")).to_pydict()
    expected = {"query_id": ["q1", "q2"], "type": ["a", "b"], "generator": ["1", "2"], "prompt": [None, "3.0"]}
    expected |= {"finish_reason": ["True", None], "seed": [7, None], "start": [None, None]}
    assert {name: table[name] for name in expected} == expected


def test_missing_and_broken_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.parquet"
    generator = QueryFile(kind="file", path=str(path))
    with pytest.raises(UserError, match=r"own\.parquet: no such file"):
        generator.generate(CORPUS, [], 5)
    path.write_text("query_id")
    with pytest.raises(UserError, match=r"own\.parquet: not a Parquet file"):
        generator.generate(CORPUS, [], 5)
    with pytest.raises(UserError, match="NOT_SET_ANYWHERE is not set"):
        QueryFile(kind="file", path="$NOT_SET_ANYWHERE/own.parquet").generate(CORPUS, [], 5)
    pd.DataFrame(ROWS).to_parquet(path)
    monkeypatch.setenv("OWN_FOLDER", str(tmp_path))
    assert len(QueryFile(kind="file", path="$OWN_FOLDER/own.parquet").generate(CORPUS, [], 5)) == 2
