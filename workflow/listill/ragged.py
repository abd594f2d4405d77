"""Rows of different lengths, one after another in a flat array: NumPy works on all of them at once, without a loop."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

# Number of segments that are copied at a time. It limits the memory of their positions, which take 8 bytes per value.
BLOCK = 65_536


@dataclass(frozen=True)
class Ragged:
    """Row i is ``values[starts[i] : starts[i + 1]]``; ``starts`` is int64 [rows + 1]."""

    values: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[np.ndarray]) -> "Ragged":
        """Return the given rows; their values are int64 if there is no row."""
        values = np.concatenate(rows) if len(rows) else np.empty(0, dtype=np.int64)
        return cls(values, starts_of(np.fromiter(map(len, rows), np.int64, len(rows))))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        if i >= len(self):
            raise IndexError(i)
        return self.values[self.starts[i] : self.starts[i + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    @property
    def lengths(self) -> np.ndarray:
        """Number of values of each row [rows]."""
        return np.diff(self.starts)

    @property
    def rows(self) -> np.ndarray:
        """The row of each value [values]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, chosen: np.ndarray) -> "Ragged":
        """Return the rows at the positions ``chosen``, in that order."""
        lengths = self.starts[chosen + 1] - self.starts[chosen]
        return Ragged(segments(self.values, self.starts[chosen], lengths), starts_of(lengths))

    def with_values(self, values: np.ndarray) -> "Ragged":
        """Return rows of the same lengths with other values."""
        return Ragged(values, self.starts)


def starts_of(lengths: np.ndarray) -> np.ndarray:
    """Return where rows of these lengths start, and where the last one ends: int64 [rows + 1]."""
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def segments(values: np.ndarray, firsts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return all ``values[first : first + length]``, one after another."""
    result = np.empty(int(lengths.sum()), dtype=values.dtype)
    done = 0
    for block in range(0, len(firsts), BLOCK):
        first, length = firsts[block : block + BLOCK], lengths[block : block + BLOCK]
        ends = np.cumsum(length)
        places = np.arange(ends[-1]) + np.repeat(first - (ends - length), length)
        result[done : done + ends[-1]] = values[places]
        done += int(ends[-1])
    return result


def beside(*parts: Ragged) -> Ragged:
    """Return rows that consist of the same row of each of the ``parts``, which have equally many rows."""
    order = np.argsort(np.concatenate([part.rows for part in parts]), kind="stable")
    lengths = np.sum([part.lengths for part in parts], axis=0)
    return Ragged(np.concatenate([part.values for part in parts])[order], starts_of(lengths))


def flat(rows: Iterable[Sequence[Any] | np.ndarray | None]) -> tuple[list[Any], np.ndarray]:
    """Return the values of rows of Python objects as one list, and the length of each row; None is an empty row."""
    present = [() if row is None else row for row in rows]
    return list(chain.from_iterable(present)), np.fromiter(map(len, present), np.int64, len(present))
