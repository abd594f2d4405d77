"""The pairs that are scored, and their texts."""

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.passages import passages_without_queries
from listill.teachers.pairs import Pairs, pairs_of


def frame(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["query_id", "doc_id"])


def test_pairs_are_distinct_and_in_order(collection: Collection, queries: pd.DataFrame) -> None:
    pool = frame(("q3", "d005"), ("q1", "d009"), ("q3", "d002"), ("q1", "d009"), ("q0", "d000"))
    pairs = pairs_of(collection, queries, pool, cut=False)
    assert pairs.query.tolist() == [0, 1, 3, 3]
    assert pairs.text.tolist() == [0, 9, 2, 5]
    assert pairs.edited == []
    assert pairs.texts(pairs.text) == [collection.rendered(i) for i in (0, 9, 2, 5)]


def test_the_text_of_a_query_is_removed_from_its_source_passage(collection: Collection, queries: pd.DataFrame) -> None:
    pool = frame(("q0", "d000"), ("q0", "d002"), ("q2", "d000"), ("q2", "d002"), ("q1", "d001"))
    pairs = pairs_of(collection, queries, pool, cut=True)
    texts = dict(zip(zip(pairs.query.tolist(), [*"abcde"], strict=True), pairs.texts(pairs.text), strict=True))
    assert texts[0, "a"] == collection.without(0, 0, queries["end"][0])
    assert texts[0, "b"] == collection.rendered(2)
    assert texts[1, "c"] == collection.rendered(1)
    assert texts[2, "d"] == collection.rendered(0)
    assert texts[2, "e"] == collection.without(2, 0, queries["end"][2])
    assert all(queries["text"][q] not in texts[q, name] for q, name in [(0, "a"), (2, "e")])


def test_the_passages_without_their_queries(collection: Collection, queries: pd.DataFrame) -> None:
    texts = passages_without_queries(collection, queries)
    assert sorted(texts) == [0, 2, 4, 6, 8]
    assert all(texts[i] == collection.without(i, 0, queries["end"][i]) for i in texts)


def test_a_query_without_its_source_in_the_pool(collection: Collection, queries: pd.DataFrame) -> None:
    pairs = pairs_of(collection, queries, frame(("q0", "d001"), ("q2", "d002")), cut=True)
    assert pairs.texts(pairs.text) == [collection.rendered(1), collection.without(2, 0, queries["end"][2])]


@pytest.mark.parametrize("step", [1, 3, 10, 100])
def test_chosen_pairs_keep_their_texts(pairs: Pairs, step: int) -> None:
    def rows(some: Pairs) -> list[tuple[str, str]]:
        return list(zip([some.queries[q] for q in some.query], some.texts(some.text), strict=True))

    chosen = np.arange(0, len(pairs), step)
    part = pairs.take(chosen)
    assert part.queries is pairs.queries
    assert rows(part) == rows(part.compact()) == [rows(pairs)[p] for p in chosen]


def test_compact_pairs_have_no_query_without_pairs(collection: Collection, queries: pd.DataFrame) -> None:
    pairs = pairs_of(collection, queries, frame(("q8", "d001"), ("q3", "d001")), cut=True).compact()
    assert pairs.queries == [queries["text"][3], queries["text"][8]]
    assert pairs.query.tolist() == [0, 1]


def test_unknown_ids(collection: Collection, queries: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="candidates: query 'zz' is not in the table of queries"):
        pairs_of(collection, queries, frame(("zz", "d000")), cut=False)
    with pytest.raises(UserError, match="candidates: document 'zz' is not in the corpus"):
        pairs_of(collection, queries, frame(("q0", "zz")), cut=False)


def test_no_candidates(collection: Collection, queries: pd.DataFrame) -> None:
    empty = pairs_of(collection, queries, frame(), cut=True)
    assert len(empty) == 0
    assert empty.text.dtype == np.int64
