"""Keys of pairs of texts."""

import hashlib

import numpy as np
import pytest

from listill.corpus.collection import Collection
from listill.teachers import keys
from listill.teachers.keys import DistinctPairs, digests, pair_keys
from listill.teachers.pairs import Pairs


def made(queries: list[str], texts: list[str], query: list[int], text: list[int]) -> Pairs:
    ids = [str(i) for i in range(len(texts))]
    collection = Collection(ids, [None] * len(texts), texts, np.arange(len(texts)))
    return Pairs(collection, queries, np.array(query, dtype=np.int64), np.array(text, dtype=np.int64), ["edited"])


def test_digests() -> None:
    texts = ["", "a", "Ä"]
    expected = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
    assert [column.tobytes() for column in digests(texts).T] == expected
    assert digests([]).shape == (2, 0)


def test_a_key_is_that_of_the_texts_and_of_their_order() -> None:
    pairs = made(["a", "b", "a"], ["b", "a", "b"], [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 3, 0])
    found = [tuple(column) for column in pair_keys(pairs).T.tolist()]
    assert found[0] == found[2] == found[5]  # a and b
    assert len(set(found)) == 4  # and a and a, b and a, b and edited
    (q, t), modulus = digests(["a", "b"]).astype(object).T, 2**64
    assert found[0] == tuple((int(keys.FACTOR) * one + other) % modulus for one, other in zip(q, t, strict=True))


def test_texts_are_read_in_blocks(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = pair_keys(pairs)
    monkeypatch.setattr(keys, "TEXT_BLOCK", 5)
    assert (pair_keys(pairs) == expected).all()


def test_distinct_pairs(pairs: Pairs) -> None:
    twice = Pairs(
        pairs.collection,
        [*pairs.queries, *pairs.queries],
        np.concatenate([pairs.query, pairs.query + len(pairs.queries)]),
        np.tile(pairs.text, 2),
        pairs.edited,
    )
    all_keys, distinct = pair_keys(twice), DistinctPairs.among(twice)
    assert distinct.keys.shape == (2, len(pairs))
    assert (np.diff(distinct.keys[0].astype(object)) >= 0).all()
    assert (distinct.keys[:, distinct.of] == all_keys).all()
    assert (all_keys[:, distinct.first] == distinct.keys).all()
    assert (distinct.first < len(pairs)).all()  # the first one of each


def test_no_pairs(pairs: Pairs) -> None:
    distinct = DistinctPairs.among(pairs.take(np.arange(0)))
    assert distinct.keys.shape == (2, 0)
    assert len(distinct.first) == len(distinct.of) == 0
