"""Keys of pairs of texts, by which stored scores are found.

The key of a pair is two numbers of 64 bits. Each is made of the digests q and t of query and text, modulo 2**64:

    key = FACTOR * q + t

Digests are uniformly distributed, so two different pairs have the same key with a probability of 2**-128. The order
of query and text matters.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from listill.teachers.pairs import Pairs

# An odd number, so that no bit of the query's digest is lost.
FACTOR = np.uint64(0x9E3779B97F4A7C15)
# Number of passages whose texts are in memory at a time.
TEXT_BLOCK = 8192


def digests(texts: Iterable[str]) -> np.ndarray:
    """Return the BLAKE2b digests of texts (uint64 [2, n])."""
    joined = b"".join(hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts)
    return np.frombuffer(joined, dtype="<u8").reshape(-1, 2).T


def pair_keys(pairs: Pairs) -> np.ndarray:
    """Return the key of each pair (uint64 [2, pairs])."""
    query_positions, query = np.unique(pairs.query, return_inverse=True)
    text_positions, text = np.unique(pairs.text, return_inverse=True)
    query_digests = digests(pairs.queries[q] for q in query_positions)
    return FACTOR * query_digests[:, query] + digests(_texts(pairs, text_positions))[:, text]


def _texts(pairs: Pairs, positions: np.ndarray) -> Iterator[str]:
    for start in range(0, len(positions), TEXT_BLOCK):
        yield from pairs.texts(positions[start : start + TEXT_BLOCK])


@dataclass(frozen=True)
class DistinctPairs:
    """The distinct pairs of texts among pairs: queries and passages can have duplicates, which are scored once.

    ``keys`` are their keys (uint64 [2, distinct]), sorted. ``first[k]`` is the first pair with key k, and ``of[p]`` is
    the number of the key of pair p. A million pairs take about 35 MB, and 80 MB while they are sorted.
    """

    keys: np.ndarray
    first: np.ndarray
    of: np.ndarray

    @classmethod
    def among(cls, pairs: Pairs) -> "DistinctPairs":
        """Return the distinct pairs of ``pairs``."""
        keys = pair_keys(pairs)
        order = np.lexsort(keys[::-1])
        keys = keys[:, order]
        is_new = np.ones(len(order), dtype=bool)
        is_new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        of = np.empty(len(order), dtype=np.int64)
        of[order] = np.cumsum(is_new) - 1
        return cls(keys[:, is_new], order[is_new], of)
