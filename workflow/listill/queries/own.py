"""The user's own queries: a Parquet file, checked row by row and brought into the types of the table of queries."""

from pathlib import Path

import numpy as np
import pandas as pd

from listill.corpus import own_table
from listill.corpus.collection import Collection
from listill.corpus.rows import shown
from listill.errors import UserError
from listill.schemas import SCHEMAS
from listill.text import CONTROL

REQUIRED = ("query_id", "text", "doc_id")
LABELS = {"type": "own", "generator": "file", "prompt": None, "finish_reason": None}  # with their default values
SPLITS = ("train", "dev", "heldout")


def own_queries(path: Path, collection: Collection, seed: int) -> pd.DataFrame:
    """Return the queries of a file.

    Missing optional columns get default values; a column ``split`` is kept. Raises UserError with the row for missing
    values, unknown splits, passages that are not in the corpus, and numbers that do not fit.
    """
    frame = own_table.read(path, "generation.generator.path")
    own_table.require(path, frame, REQUIRED)
    for column, default in {**LABELS, "seed": seed, "start": None, "end": None}.items():
        if column not in frame:
            frame[column] = pd.Series(default, index=frame.index, dtype=object)
    _check_required(path, frame)
    for column, label in LABELS.items():
        values = frame[column].astype(object)
        frame[column] = values.map(str, na_action="ignore").where(values.notna(), label)
    if "split" in frame:
        remedy = f"use {', '.join(SPLITS)}, or remove the column: then it follows from the passage"
        _refuse(path, frame, ~frame["split"].isin(SPLITS), f"split is {{split}}: {remedy}")
    _check_integers(path, frame)
    positions = collection.positions(frame["doc_id"].tolist(), str(path))
    _check_ranges(path, frame, [len(collection.texts[i]) for i in positions])
    columns = [column for column in SCHEMAS["queries"].names if column in frame]
    return frame[columns].astype({"start": "Int32", "end": "Int32"})


def _refuse(path: Path, frame: pd.DataFrame, wrong: "pd.Series[bool]", problem: str) -> None:
    """Raise UserError for the first row that is wrong; the fields of ``problem`` are replaced by the row's values."""
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        values = {str(column): _value(frame[column].iloc[row]) for column in frame}
        raise UserError(f"{path}: row {row + 1}: {problem.format(**values)}")


def _value(value: object) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "empty"
    return shown(value.item() if isinstance(value, np.generic) else value)


def _check_required(path: Path, frame: pd.DataFrame) -> None:
    for column in REQUIRED:
        _refuse(path, frame, frame[column].isna(), f"{column} is empty: fill it in or remove the row")
    texts = frame["text"].map(lambda text: isinstance(text, str)).astype(bool)
    _refuse(path, frame, ~texts, "text is {text}, not a text: write it as a string")
    frame[list(REQUIRED)] = frame[list(REQUIRED)].astype(str)
    ids = frame["query_id"]
    _refuse(path, frame, ids.str.strip() == "", "query_id is empty: fill it in or remove the row")
    _refuse(path, frame, ids.str.contains(CONTROL), "query_id {query_id} has a control character: rename it")
    _refuse(path, frame, ids.duplicated(), "duplicate query_id {query_id}: ids must be unique")


def _check_integers(path: Path, frame: pd.DataFrame) -> None:
    for column, limit in {"seed": 2**63, "start": 2**31, "end": 2**31}.items():
        values = frame[column]
        numbers = pd.to_numeric(values.map(lambda value: None if isinstance(value, bool) else value), errors="coerce")
        whole = numbers.notna() & (numbers % 1 == 0) & (numbers.abs() < limit)
        _refuse(path, frame, values.notna() & ~whole, f"{column} is {{{column}}}, not an integer: correct or remove it")
        frame[column] = numbers.astype("Int64")


def _check_ranges(path: Path, frame: pd.DataFrame, lengths: list[int]) -> None:
    start, end = frame["start"], frame["end"]
    _refuse(path, frame, start.isna() != end.isna(), "start is {start} and end is {end}: give both or neither")
    wrong = ((start < 0) | (start >= end) | (end > lengths)).fillna(False).astype(bool)
    _refuse(
        path,
        frame,
        wrong,
        "start {start} and end {end} are no part of the text of passage {doc_id}: correct or remove them",
    )
