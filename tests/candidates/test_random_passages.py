"""Random passages as candidates."""

from collections import Counter

import pandas as pd
import pytest

from fixed_retriever import plain_collection
from listill.candidates.pool import POSITIVE
from listill.candidates.random_passages import RANDOM, with_random
from listill.corpus.collection import Collection

COLUMNS = ["query", "document", "retriever", "rank", "score"]
POOL = pd.DataFrame(
    [(0, 3, "bm25", 1, 2.0), (0, 5, "bm25", 2, 1.0), (2, 1, POSITIVE, 0, None), (2, 5, "s", 1, 1.0)], columns=COLUMNS
)
IDS = ["a", "b", "c"]
DUPLICATES = plain_collection(10, [0, 1, 2, 3, 1, 5, 3, 7, 8, 8])


def drawn(collection: Collection, count: int, seed: int = 1, pool: pd.DataFrame = POOL) -> dict[int, list[int]]:
    """Return the documents that are added for each query."""
    full = with_random(pool, IDS, collection, count, seed)
    pd.testing.assert_frame_equal(full.iloc[: len(pool)], pool)
    added = full.iloc[len(pool) :]
    assert (added["retriever"] == RANDOM).all()
    assert (added["rank"] == 0).all()
    assert added["score"].isna().all()
    return {int(query): rows["document"].tolist() for query, rows in added.groupby("query")}  # type: ignore[call-overload]


def test_documents_of_the_pool_and_duplicates_are_not_drawn() -> None:
    """All other groups are drawn if as many are asked for: the corpus has no more."""
    for seed in range(20):
        added = drawn(DUPLICATES, 99, seed)
        assert [sorted(DUPLICATES.group[documents]) for documents in added.values()] == [
            [0, 1, 2, 7, 8],
            [0, 2, 3, 7, 8],
        ]
        assert list(added) == [0, 2]  # query 1 has no candidates: it was dropped


def test_each_query_has_its_own_seed() -> None:
    large = plain_collection(1000)
    added = drawn(large, 20)
    assert [len(set(documents)) for documents in added.values()] == [20, 20]
    assert added[0] != added[2]
    assert added == drawn(large, 20)
    assert added != drawn(large, 20, seed=2)
    assert (
        added[2] == drawn(large, 20, pool=POOL.iloc[2:].reset_index(drop=True))[2]
    )  # whatever other queries there are


def test_a_larger_pool_hardly_changes_what_is_drawn() -> None:
    large = plain_collection(1000)
    before = drawn(large, 20)[0]
    found = pd.DataFrame([(0, before[4], "s", 1, 1.0), (0, 7, "s", 2, 0.5)], columns=COLUMNS)
    after = drawn(large, 20, pool=pd.concat([POOL, found], ignore_index=True))[0]
    assert after[:19] == [*before[:4], *before[5:]]


def test_documents_are_drawn_uniformly() -> None:
    counts = Counter(document for seed in range(500) for document in drawn(plain_collection(12), 3, seed)[0])
    assert sorted(counts) == [d for d in range(12) if d not in (3, 5)]
    assert all(abs(count - 150) < 50 for count in counts.values())  # four standard deviations: 41


def test_the_topic_itself_is_not_drawn_where_topics_are_documents() -> None:
    topics = plain_collection(6, topics_are_documents=True)
    topic = pd.DataFrame([(0, 3, "bm25", 1, 2.0)], columns=COLUMNS)
    full = with_random(topic, ["d4"], topics, 9, 1)
    assert sorted(full["document"]) == [0, 1, 2, 3, 5]
    assert sorted(with_random(topic, ["d4"], plain_collection(6), 9, 1)["document"]) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("count", [0, 5])
def test_nothing_is_added_to_no_pool(count: int) -> None:
    assert with_random(POOL[:0], IDS, DUPLICATES, count, 1).empty
