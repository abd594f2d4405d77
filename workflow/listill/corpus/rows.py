"""Rows of JSONL, CSV, TSV and Parquet files, each with the place that messages name."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from listill.corpus.source import SPLITS, Document, Judgement
from listill.errors import UserError, nearest

Row = dict[str, Any]
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield (``file:line``, row) of a file, its kind known by its suffix; CSV and TSV values are strings.

    Raises UserError for an unknown suffix, a missing file and a line that cannot be read.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: unknown kind of file '{path.suffix}': use one of {', '.join(SUFFIXES)}")
    if path.suffix == ".parquet":
        yield from _parquet(path)
    elif path.suffix in (".csv", ".tsv"):
        yield from _separated(path, "," if path.suffix == ".csv" else "\t")
    else:
        yield from _jsonl(path)


def _lines(path: Path) -> Iterator[str]:
    number = 0
    try:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            for number, line in enumerate(lines, 1):  # noqa: B007
                yield line
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 after line {number}; convert it, for example with iconv -t utf-8") from None


def _jsonl(path: Path) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: broken JSON ({error.msg}): mend or remove the line") from None
        if not isinstance(row, dict):
            raise UserError(f"{path}:{number}: not a JSON object: write one object with its fields per line")
        yield f"{path}:{number}", row


def _separated(path: Path, separator: str) -> Iterator[tuple[str, Row]]:
    csv.field_size_limit(1 << 30)
    # Tab-separated files know no quotes: MS MARCO's passages and others begin with quotation marks that are text.
    quoted = separator == ","
    remedy = "quote values that hold a comma or a line break" if quoted else "a value cannot hold a tab or a line break"
    reader = csv.DictReader(
        _lines(path), delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, strict=True
    )
    try:
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                raise UserError(f"{place}: not as many values as the header has columns: {remedy}")
            yield place, row
    except csv.Error as error:
        raise UserError(f"{path}:{reader.reader.line_num}: broken row ({error}): mend its quotes") from None


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid:
        raise UserError(f"{path}: not a Parquet file: mend it, or give it the suffix of what it is") from None
    number = 0
    for batch in file.iter_batches():
        for row in batch.to_pylist():
            number += 1
            yield f"{path}: row {number}", row


def value(row: Row, column: str, place: str) -> Any:
    """Return a value of the row; UserError if there is no such column."""
    if column not in row:
        raise UserError(f"{place}: no column '{column}'{nearest(column, row)}; columns here: {', '.join(row)}")
    return row[column]


def text(row: Row, column: str, place: str) -> str:
    """Return a text of the row, empty for null; UserError if it is anything else than a string."""
    found = value(row, column, place)
    if found is not None and not isinstance(found, str):
        raise UserError(f"{place}: '{column}' is {type(found).__name__}, not text: write it as a string")
    return found or ""


def identifier(row: Row, column: str, place: str) -> str:
    """Return an id as a string; UserError if it is empty or neither string nor integer."""
    found = value(row, column, place)
    if isinstance(found, bool) or not isinstance(found, str | int) or not str(found).strip():
        raise UserError(f"{place}: '{column}' is {found!r}: every row needs an id (a string or an integer)")
    return str(found)


def integer(row: Row, column: str, place: str) -> int:
    """Return a whole number of the row; UserError if it is none."""
    found = value(row, column, place)
    try:
        number = float(found)
        if number == int(number):
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise UserError(f"{place}: '{column}' is {found!r}, not a whole number: relevance is 0, 1, 2, ...")


def read_documents(path: Path, doc_id: str, title: str | None, body: str) -> list[Document]:
    """Read documents from the columns named."""
    return [
        Document(identifier(row, doc_id, place), text(row, title, place) if title else None, text(row, body, place))
        for place, row in read_rows(path)
    ]


def read_topics(path: Path, query_id: str = "query_id") -> dict[str, str]:
    """Read topics (columns ``query_id`` and ``text``); UserError for an id that stands twice and for no text."""
    topics: dict[str, str] = {}
    for place, row in read_rows(path):
        name, words = identifier(row, query_id, place), text(row, "text", place)
        if name in topics:
            raise UserError(f"{place}: the query id '{name}' stands here a second time: ids must be unique")
        if not words.strip():
            raise UserError(f"{place}: the query '{name}' has no text: give it one or remove the line")
        topics[name] = words
    return topics


def read_qrels(
    path: Path, topics: dict[str, str], columns: tuple[str, str, str], split: str | None = None
) -> list[Judgement]:
    """Read judgements from the columns (query id, doc id, relevance).

    Without ``split`` a column ``split`` says it, and where there is none, it is test. Raises UserError for a query
    that is not among the topics and for an unknown split.
    """
    judgements = []
    for place, row in read_rows(path):
        query_id, doc_id = identifier(row, columns[0], place), identifier(row, columns[1], place)
        side = split or row.get("split", "test")
        if side not in SPLITS:
            raise UserError(f"{place}: unknown split {side!r}{nearest(str(side), SPLITS)}: use {', '.join(SPLITS)}")
        if query_id not in topics:
            raise UserError(f"{place}: the query '{query_id}' is not among the topics: add its text or remove the line")
        judgements.append(Judgement(query_id, doc_id, integer(row, columns[2], place), side, place))
    return judgements
