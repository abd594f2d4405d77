import json
from pathlib import Path
from typing import Any

import pytest

from listill.errors import UserError
from listill.init.columns import Columns, columns, first_rows

PATH = Path("documents.jsonl")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "{n}", "title": "T", "text": "some text {n}"}, Columns("id", "title", "text")),
        ({"Body": "some text", "ID": 7, "Heading": "H"}, Columns("ID", "Heading", "Body")),
        # No usual name: what is different in every row, and what is longest.
        (
            {"lang": "en", "number": "{n}", "answer_of_clerk": "a long answer"},
            Columns("number", None, "answer_of_clerk"),
        ),
        # A title that is no text column, and an id that repeats, are not taken.
        ({"id": "same", "nr": "{n}", "title": 3, "text": "words"}, Columns("nr", None, "text")),
        (
            {"doc_id": "{n}", "id": "x{n}", "text": "words", "body": "much longer words"},
            Columns("doc_id", None, "text"),
        ),
    ],
)
def test_the_columns_that_are_found(row: dict[str, Any], expected: Columns) -> None:
    rows = [
        {k: v.format(n=n) if isinstance(v, str) else v + n if k == "ID" else v for k, v in row.items()}
        for n in range(3)
    ]
    assert columns(rows, PATH) == expected


def test_a_text_that_is_missing_in_some_rows() -> None:
    assert columns([{"id": "1", "text": "a"}, {"id": "2", "text": None}, {"id": "3"}], PATH).text == "text"


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([{"text": "a"}, {"text": "a"}], "no column has a different id in every row"),
        ([{"id": "1", "n": 3}, {"id": "2", "n": 4}], "no column beside the ids \\('id'\\) has texts"),
        ([{"id": True, "text": "a"}], "existing columns: id, text"),
    ],
)
def test_what_is_missing_is_named(rows: list[dict[str, Any]], named: str) -> None:
    with pytest.raises(UserError, match=named):
        columns(rows, PATH)


def test_first_rows(tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text("".join(json.dumps({"id": n}) + "\n" for n in range(1500)))
    assert [row["id"] for row in first_rows(file)] == list(range(1000))
    file.write_text("")
    with pytest.raises(UserError, match="contains no rows"):
        first_rows(file)
