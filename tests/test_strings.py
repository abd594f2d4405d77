"""Columns of texts behave as lists of them, without holding Python strings."""

import numpy as np
import pyarrow as pa

from listill.strings import Strings, blocks

TEXTS = ["b", "", "ä\N{GRINNING FACE}", "a", "\U0001f600", "￿", "b2"]


def test_a_column_is_a_sequence() -> None:
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


def test_blocks() -> None:
    assert list(blocks(iter(TEXTS), 3)) == [TEXTS[:3], TEXTS[3:6], TEXTS[6:]]
    assert list(blocks([])) == []
    long = [str(i) for i in range(20_000)]  # of several blocks
    assert list(Strings.of(long)) == long


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
