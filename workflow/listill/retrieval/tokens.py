"""Texts as token ids: tokenised once, then truncated and padded for each batch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tokens:
    """The tokens of text i are ``ids[starts[i] : starts[i + 1]]``, including the prompt and special tokens.

    The last ``suffix`` tokens of each text are special tokens, which a truncated text keeps.
    """

    ids: np.ndarray
    starts: np.ndarray
    suffix: int

    @classmethod
    def of(cls, rows: list[np.ndarray], suffix: int) -> "Tokens":
        """Return the tokens of ``rows``, one array of token ids per text."""
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=starts[1:])
        ids = np.concatenate(rows).astype(np.int32) if rows else np.empty(0, dtype=np.int32)
        return cls(ids, starts, suffix)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        return self.ids[self.starts[i] : self.starts[i + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each text [n]."""
        return np.diff(self.starts)

    def take(self, positions: np.ndarray) -> "Tokens":
        """Return the tokens of the texts at these positions."""
        return Tokens.of([self[i] for i in positions], self.suffix)

    def cut(self, length: int) -> "Tokens":
        """Return the texts truncated to ``length`` tokens, as the tokenizer would have truncated them."""
        if not len(self) or self.lengths.max() <= length:
            return self
        rows = []
        for i in range(len(self)):
            row = self[i]
            if len(row) > length:
                row = np.concatenate([row[: length - self.suffix], row[len(row) - self.suffix :]])
            rows.append(row)
        return Tokens.of(rows, self.suffix)

    def __add__(self, other: "Tokens") -> "Tokens":
        starts = np.concatenate([self.starts, self.starts[-1] + other.starts[1:]])
        return Tokens(np.concatenate([self.ids, other.ids]), starts, self.suffix)


def chunks(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Yield batches of positions of texts with similar lengths, longest first.

    Each batch has at most ``budget`` tokens, including padding.
    """
    by_length = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(by_length):
        size = max(1, budget // max(1, int(lengths[by_length[start]])))
        yield by_length[start : start + size]
        start += size
