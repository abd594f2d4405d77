"""Parquet files that users have made themselves: the columns that a stage needs, checked row by row."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from listill.corpus.rows import first_line, shown
from listill.corpus.utf8 import reading
from listill.errors import UserError

PAIR = ("query_id", "doc_id")


def read(path: Path, key: str) -> pd.DataFrame:
    """Return a file as it is: what was the index of a pandas frame is a column. ``key`` of the config names the file."""
    if not path.exists():
        raise UserError(f"{key}: {path}: no such file")
    try:
        with reading(path, text=False):
            return pq.read_table(path).to_pandas(ignore_metadata=True)
    except UnicodeDecodeError:
        raise UserError(f"{path}: a text is not UTF-8: write the file again") from None
    except pa.ArrowException as error:
        raise UserError(f"{path}: not a Parquet file: {first_line(error)}: replace it") from None


def require(path: Path, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise UserError for a column that the file lacks."""
    if missing := [column for column in columns if column not in frame]:
        raise UserError(f"{path}: column '{missing[0]}' is missing: required columns are {', '.join(columns)}")


def read_pairs(path: Path, key: str, numbers: Sequence[str] = (), optional: Sequence[str] = ()) -> pd.DataFrame:
    """Return a file with one row per query and document: query_id and doc_id as text, the columns ``numbers`` as float64.

    Columns of ``optional`` may be missing. Raises UserError with the row for an empty id, a pair that comes twice (once for
    each value of a column ``teacher``), and a number that is missing or not finite.
    """
    frame = read(path, key)
    require(path, frame, [*PAIR, *(name for name in numbers if name not in optional)])
    for column in PAIR:
        _refuse(
            path, frame[column].isna(), lambda row, column=column: f"{column} is empty: fill it in or remove the row"
        )
    frame = frame.astype(dict.fromkeys(PAIR, str))
    ids = [*PAIR, *(["teacher"] if "teacher" in frame else [])]
    _refuse(
        path,
        frame.duplicated(ids),
        lambda row: (
            f"query {shown(frame['query_id'].iloc[row])} and document {shown(frame['doc_id'].iloc[row])} come twice: "
            "remove one of the rows"
        ),
    )
    for column in [name for name in numbers if name in frame]:
        values = pd.to_numeric(frame[column], errors="coerce").astype("float64")
        wrong = values.isna() | values.abs().eq(float("inf"))
        _refuse(
            path,
            wrong,
            lambda row, column=column: f"{column} is {shown(frame[column].iloc[row])}, not a number: correct it",
        )
        frame[column] = values
    return frame


def _refuse(path: Path, wrong: "pd.Series[bool]", problem) -> None:  # type: ignore[no-untyped-def]
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise UserError(f"{path}: row {row + 1}: {problem(row)}")
