"""Columns of texts behave as lists of them, without holding Python strings."""

import numpy as np
import pyarrow as pa
import pytest

from listill import strings
from listill.strings import Strings

TEXTS = ["b", "", "ä\N{GRINNING FACE}", "a", "\U0001f600", "￿", "b2"]


def test_a_column_is_a_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "BLOCK", 3)
    column = Strings.of(iter(TEXTS))
    assert list(column) == TEXTS == [column[i] for i in range(len(column))]
    assert column == TEXTS
    assert column == Strings(pa.chunked_array([pa.array(TEXTS[:2]), pa.array(TEXTS[2:])]))
    assert column != [*TEXTS[:-1], "x"]
    assert column != TEXTS[:-1]
    assert column[-1] == TEXTS[-1]
    assert list(column[2:5]) == TEXTS[2:5]
    assert "a" in column
    assert Strings.of(column) is column
    assert list(Strings.of([])) == []
    assert list(Strings.of(["a", None], missing="-")) == ["a", "-"]


def test_positions() -> None:
    column = Strings.of(TEXTS)
    assert column.positions(["a", "nowhere", "b", "a"]).tolist() == [3, -1, 0, 3]
    assert column.positions(pa.chunked_array([pa.array(["b2"]), pa.array([""])])).tolist() == [6, 1]
    assert column.positions(column).tolist() == list(range(len(TEXTS)))
    assert column.positions([]).tolist() == []
    assert column.take(np.array([2, 0])) == [TEXTS[2], TEXTS[0]]


def test_the_order_is_that_of_python() -> None:
    column = Strings.of([*TEXTS, "a", "b"])
    assert column.order().tolist() == sorted(range(len(column)), key=lambda i: column[i])


def test_repeated_texts() -> None:
    assert (
        Strings.of(["b", "a", "b", "", "c", "", "b"]).repeated().tolist()
        == [False] * 2 + [True, False, False] + [True] * 2
    )
    assert Strings.of([]).repeated().tolist() == []
