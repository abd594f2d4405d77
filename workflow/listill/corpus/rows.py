"""Rows of JSONL, CSV, TSV and Parquet files, each with its place (``file:line``) for error messages."""

import csv
import json
import reprlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from listill.corpus.source import SPLITS, Document, Judgement
from listill.corpus.utf8 import lines, reading
from listill.errors import UserError, nearest
from listill.text import CONTROL

Row = dict[str, Any]
SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxlong = SHORT.maxother = 60
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a file as (``file:line``, row); CSV and TSV values are strings.

    The suffix of the file determines its format. Raises UserError for an unknown suffix, a missing file and a line that
    cannot be parsed.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: unknown file type '{path.suffix}': use one of {', '.join(SUFFIXES)}")
    if suffix == ".parquet":
        yield from _parquet(path)
    elif suffix in (".csv", ".tsv"):
        yield from _separated(path, "," if suffix == ".csv" else "\t")
    else:
        yield from _jsonl(path)


def _jsonl(path: Path) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: invalid JSON ({error.msg}): fix or remove the line") from None
        except (ValueError, RecursionError) as error:  # an integer of thousands of digits; brackets within brackets
            raise UserError(f"{path}:{number}: unreadable JSON ({error}): fix or remove the line") from None
        if not isinstance(row, dict):
            raise UserError(f"{path}:{number}: not a JSON object: write one JSON object per line")
        yield f"{path}:{number}", row


def _separated(path: Path, separator: str) -> Iterator[tuple[str, Row]]:
    csv.field_size_limit(1 << 30)
    # Tab-separated files have no quoting: in MS MARCO and others, quotation marks are part of the text.
    quoted = separator == ","
    remedy = (
        "quote values that contain a comma or a line break" if quoted else "remove tabs and line breaks within values"
    )
    reader = csv.DictReader(
        lines(path), delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, strict=True
    )
    try:
        _check_header(path, list(reader.fieldnames or []), separator)
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                raise UserError(f"{place}: the number of values differs from the number of columns: {remedy}")
            yield place, row
    except csv.Error as error:
        raise UserError(f"{path}:{reader.reader.line_num}: invalid row ({error}): fix its quotes") from None


def _check_header(path: Path, names: list[str], separator: str) -> None:
    """Raise UserError for two columns of one name, and for one column that seems to be several with another separator."""
    if twice := [name for name, count in Counter(filter(None, names)).items() if count > 1]:
        raise UserError(f"{path}:1: there are two columns '{twice[0]}': rename one of them")
    others = {"a semicolon": ";", "a comma": ",", "a tab": "\t", "|": "|", "blanks": " "}
    found = [name for name, other in others.items() if len(names) == 1 and other in names[0].strip()]
    if found:
        expected = "a comma" if separator == "," else "a tab"
        raise UserError(
            f"{path}:1: the columns are separated by {found[0]} instead of {expected}: convert the file (a .csv file has "
            "commas, a .tsv file has tabs), and give it a first line with the names of the columns"
        )


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with reading(path, text=False):
            for batch in pq.ParquetFile(path).iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}: row {number}", row
    except UnicodeDecodeError:
        raise UserError(f"{path}: row {number + 1} or later: a text is not UTF-8: write the file again") from None
    except pa.ArrowException as error:
        reason = "damaged" if number else "not a Parquet file"
        raise UserError(
            f"{path}: {reason} ({first_line(error)}): replace it, or rename it to match its format"
        ) from None


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def shown(content: Any) -> str:
    """Return a value for a message: quoted, escaped and shortened."""
    return SHORT.repr(content)


def value(row: Row, column: str, place: str) -> Any:
    """Return the value of a column; UserError if the row does not have the column."""
    if column not in row:
        raise UserError(f"{place}: no column '{column}'{nearest(column, row)}; existing columns: {', '.join(row)}")
    return row[column]


def text(row: Row, column: str, place: str) -> str:
    """Return the text of a column, empty for null; UserError if the value is not a string."""
    content = value(row, column, place)
    if content is not None and not isinstance(content, str):
        raise UserError(f"{place}: '{column}' is of type {type(content).__name__}, not text: write it as a string")
    return content or ""


def identifier(row: Row, column: str, place: str) -> str:
    """Return an id as a string; UserError if it is empty or neither a string nor an integer."""
    content = value(row, column, place)
    if isinstance(content, bool) or not isinstance(content, str | int) or not str(content).strip():
        raise UserError(f"{place}: '{column}' is {shown(content)}: every row needs an id (a string or an integer)")
    if CONTROL.search(str(content)):
        raise UserError(f"{place}: '{column}' is {shown(content)}: an id cannot have a control character: rename it")
    return str(content)


def integer(row: Row, column: str, place: str) -> int:
    """Return the integer of a column; UserError if the value is not an integer."""
    content = value(row, column, place)
    try:
        number = float(content)
        if number == int(number):
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise UserError(f"{place}: '{column}' is {shown(content)}, not an integer: write relevance as 0, 1, 2, ...")


def read_documents(path: Path, doc_id: str, title: str | None, body: str) -> Iterator[Document]:
    """Yield the documents of a file from the given columns."""
    for place, row in read_rows(path):
        name, heading = identifier(row, doc_id, place), text(row, title, place) if title else None
        yield Document(name, heading, text(row, body, place))


def read_topics(path: Path, query_id: str = "query_id") -> dict[str, str]:
    """Read topics (columns ``query_id`` and ``text``); UserError for a duplicate id and for an empty text."""
    topics: dict[str, str] = {}
    for place, row in read_rows(path):
        name, query_text = identifier(row, query_id, place), text(row, "text", place)
        if name in topics:
            raise UserError(f"{place}: duplicate query id '{name}': ids must be unique")
        if not query_text.strip():
            raise UserError(f"{place}: the query '{name}' has no text: add one or remove the line")
        topics[name] = query_text
    return topics


def read_qrels(
    path: Path, topics: dict[str, str], columns: tuple[str, str, str], split: str | None = None
) -> list[Judgement]:
    """Read judgements from the columns (query id, document id, relevance).

    If ``split`` is not given, it is read from the column ``split``, with test as the default. Raises UserError for a
    query that is not among the topics and for an unknown split.
    """
    judgements = []
    for place, row in read_rows(path):
        query_id, doc_id = identifier(row, columns[0], place), identifier(row, columns[1], place)
        name = split or row.get("split", "test")
        if name not in SPLITS:
            raise UserError(f"{place}: unknown split {name!r}{nearest(str(name), SPLITS)}: use {', '.join(SPLITS)}")
        if query_id not in topics:
            raise UserError(f"{place}: the query '{query_id}' is not among the topics: add its text or remove the line")
        judgements.append(Judgement(query_id, doc_id, integer(row, columns[2], place), name, place))
    if not judgements:
        raise UserError(
            f"{path}: contains no judgements: add some after the line with the column names, or remove the file"
        )
    return judgements
