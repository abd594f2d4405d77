"""Which column of a table has the ids, the titles and the texts of the documents."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from listill.corpus.rows import Row, read_rows
from listill.errors import UserError

# The names that columns often have, in the order in which they are preferred.
IDS = ("doc_id", "docid", "_id", "id", "document_id", "pid", "passage_id", "docno", "key", "uuid", "url", "path")
TITLES = ("title", "heading", "headline", "subject", "name")
TEXTS = ("text", "body", "content", "contents", "passage", "abstract", "document", "description", "answer")
# How many rows are looked at.
ROWS = 1000


class Columns(NamedTuple):
    """The columns of ids, titles (None if there is none) and texts."""

    doc_id: str
    title: str | None
    text: str


def first_rows(path: Path) -> list[Row]:
    """Return the first rows of a table; UserError if it has none or cannot be read."""
    rows = [row for _, row in itertools.islice(read_rows(path), ROWS)]
    if not rows:
        raise UserError(f"{path}: contains no rows: give a file with one document per row")
    return rows


def columns(rows: Sequence[Row], path: Path) -> Columns:
    """Return the columns of documents; UserError if no column has ids, or none has texts.

    A column with a usual name is preferred. Otherwise the ids are the first column whose values are there and all
    different, and the texts the column with the most characters.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    texts = [name for name in names if all(isinstance(row.get(name), str | None) for row in rows)]
    texts = [name for name in texts if any((row.get(name) or "").strip() for row in rows)]
    unique = [name for name in names if _identifies(rows, name)]
    longest = max(texts, key=lambda name: sum(len(row.get(name) or "") for row in rows), default=None)
    text = _named(texts, TEXTS) or longest
    doc_id = _named(unique, IDS) or next((name for name in unique if name != text), None)
    found = f"existing columns: {', '.join(names)}"
    if doc_id is None:
        raise UserError(f"{path}: no column has a different id in every row: add one, such as doc_id; {found}")
    if text is None or text == doc_id:
        raise UserError(f"{path}: no column beside the ids ('{doc_id}') has texts: add one; {found}")
    title = _named([name for name in texts if name not in (doc_id, text)], TITLES)
    return Columns(doc_id, title, text)


def _identifies(rows: Sequence[Row], name: str) -> bool:
    """Tell whether a column has a different string or integer in every row."""
    values = [row.get(name) for row in rows]
    if not all(isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip() for value in values):
        return False
    return len({str(value) for value in values}) == len(values)


def _named(names: Sequence[str], usual: Sequence[str]) -> str | None:
    """Return the name that is the most usual one, whatever its case."""
    by_lower = {name.lower(): name for name in reversed(names)}
    return next((by_lower[name] for name in usual if name in by_lower), None)
