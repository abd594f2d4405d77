"""Texts as token ids: tokenised once, then truncated and padded for each batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from listill.ragged import segments, starts_of


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
        ids = np.concatenate(rows).astype(np.int32) if rows else np.empty(0, dtype=np.int32)
        return cls(ids, starts_of(np.fromiter(map(len, rows), np.int64, len(rows))), suffix)

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
        lengths = self.starts[positions + 1] - self.starts[positions]
        return Tokens(segments(self.ids, self.starts[positions], lengths), starts_of(lengths), self.suffix)

    def cut(self, length: int) -> "Tokens":
        """Return the texts truncated to ``length`` tokens, as the tokenizer would have truncated them."""
        lengths = self.lengths
        if not len(self) or lengths.max() <= length:
            return self
        # A truncated text consists of two pieces, its beginning and its end; the second piece of other texts is empty.
        end = np.where(lengths > length, self.suffix, 0)
        beginning = np.minimum(lengths, length) - end
        firsts = np.stack([self.starts[:-1], self.starts[1:] - end], axis=1)
        ids = segments(self.ids, firsts.ravel(), np.stack([beginning, end], axis=1).ravel())
        return Tokens(ids, starts_of(beginning + end), self.suffix)

    @classmethod
    def joined(cls, parts: Sequence["Tokens"]) -> "Tokens":
        """Return the texts of all ``parts`` (at least one), which have the same suffix."""
        ids = np.concatenate([part.ids for part in parts])
        return cls(ids, starts_of(np.concatenate([part.lengths for part in parts])), parts[0].suffix)

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens.joined([self, other])


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
