"""The user's own queries are checked row by row."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.own import own_queries

CORPUS = Collection(["a", "b"], [None, None], ["A passage", "Another"], np.arange(2))
ROWS: dict[str, Any] = {"query_id": ["q1", "q2"], "text": ["one", "two"], "doc_id": ["a", "b"]}


def read(folder: Path, **columns: Any) -> pd.DataFrame:
    pd.DataFrame({**ROWS, **columns}).to_parquet(folder / "own.parquet")
    return own_queries(folder / "own.parquet", CORPUS, 5)


def test_values_that_are_given_are_kept(tmp_path: Path) -> None:
    frame = read(tmp_path, split=["train", "dev"], type=["mine", None], start=[0, None], end=[4.0, None], seed=[7, 8])
    assert frame["split"].tolist() == ["train", "dev"]
    assert frame["type"].tolist() == ["mine", "own"]
    assert (frame["start"].iloc[0], frame["end"].iloc[0]) == (0, 4)
    assert frame[["start", "end"]].iloc[1].isna().all()
    assert frame["seed"].tolist() == [7, 8]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"split": ["train", "test"]}, "row 2: split is 'test': use train, dev, heldout"),
        ({"split": ["train", None]}, "row 2: split is empty: use train, dev, heldout"),
        ({"text": ["one", None]}, "row 2: text is empty"),
        ({"text": [1, 2]}, "row 1: text is 1, not a text"),
        ({"query_id": ["q", "q"]}, "row 2: duplicate query_id 'q'"),
        ({"start": [0, 1]}, "row 1: start is 0 and end is empty: give both or neither"),
        ({"start": [0, 3], "end": [4, 2]}, "row 2: start 3 and end 2 are no part of the text of passage 'b'"),
        ({"start": [0, 0], "end": [4, 99]}, "row 2: start 0 and end 99 are no part of the text of passage 'b'"),
        ({"start": [0.5, 0], "end": [4, 2]}, "row 1: start is 0.5, not an integer"),
        ({"seed": ["x", "1"]}, "row 1: seed is 'x', not an integer"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, columns: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, **columns)
    assert str(error.value).startswith(f"{tmp_path / 'own.parquet'}: {problem}")


def test_a_passage_that_is_not_in_the_corpus(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"own\.parquet: document 'c' is not in the corpus"):
        read(tmp_path, doc_id=["a", "c"])
