"""Rows of different lengths in a flat array, compared with lists of arrays."""

import numpy as np
import pytest

from listill import ragged
from listill.ragged import Ragged, beside, flat, segments

LENGTHS = [3, 0, 5, 1, 0, 2]
ROWS = [np.arange(length) + 10 * i for i, length in enumerate(LENGTHS)]


def lists(rows: Ragged) -> list[list[int]]:
    return [row.tolist() for row in rows]


def test_rows() -> None:
    rows = Ragged.of(ROWS)
    assert lists(rows) == [row.tolist() for row in ROWS]
    assert (len(rows), rows.lengths.tolist()) == (6, LENGTHS)
    assert rows.rows.tolist() == [0, 0, 0, 2, 2, 2, 2, 2, 3, 5, 5]
    assert lists(rows.with_values(-rows.values))[0] == [0, -1, -2]
    with pytest.raises(IndexError):
        rows[6]
    assert lists(Ragged.of([])) == []
    assert Ragged.of([np.ones(2, dtype=np.float32)]).values.dtype == np.float32


@pytest.mark.parametrize("block", [1, 2, 65_536])
@pytest.mark.parametrize("chosen", [[4, 2, 2, 0], [1], [], [5, 4, 3, 2, 1, 0]])
def test_take(chosen: list[int], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ragged, "BLOCK", block)
    taken = Ragged.of(ROWS).take(np.array(chosen, dtype=np.int64))
    assert lists(taken) == [ROWS[i].tolist() for i in chosen]
    assert len(taken) == len(chosen)


def test_segments_may_overlap_and_be_empty() -> None:
    found = segments(np.array([5, 6, 7, 8], dtype=np.int32), np.array([2, 0, 4, 1]), np.array([2, 3, 0, 1]))
    assert found.tolist() == [7, 8, 5, 6, 7, 6]
    assert found.dtype == np.int32


def test_beside() -> None:
    other = [np.array([100 + i] * (i % 3)) for i in range(6)]
    joined = beside(Ragged.of(ROWS), Ragged.of(other), Ragged.of(ROWS))
    expected = [[*one.tolist(), *two.tolist(), *one.tolist()] for one, two in zip(ROWS, other, strict=True)]
    assert lists(joined) == expected


def test_flat() -> None:
    values, lengths = flat([["a", "b"], None, [], np.array(["c"], dtype=object)])
    assert (values, lengths.tolist()) == (["a", "b", "c"], [2, 0, 0, 1])
    assert flat([])[1].tolist() == []
