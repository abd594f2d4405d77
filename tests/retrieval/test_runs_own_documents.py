"""If topics are documents (as in ArguAna), a query's own document is removed from its results."""

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.retrieval.runs import with_ids, without_own_documents

QUERIES = ["a", "b", "q", "c"]
RESULTS = [[1, 0, 2], [2, 0], [0], [2, 0]]  # positions in "abc"


class Fixed(Retriever):
    """Always returns the same documents."""

    def search(self, queries: object, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [np.array(row[:depth]) for row in RESULTS], [np.arange(len(row[:depth]), 0, -1) / 10 for row in RESULTS]


def retriever(*, topics_are_documents: bool = False) -> Fixed:
    ids, texts = list("abc"), list("xyz")
    collection = Collection(ids, [None] * 3, texts, np.arange(3), topics_are_documents=topics_are_documents)
    return Fixed("fixed", collection)


def rows(fixed: Fixed, depth: int) -> list[tuple[str, str, int]]:
    run = with_ids(fixed.run(QUERIES, QUERIES, depth), QUERIES, fixed.collection)
    return list(run[["query_id", "doc_id", "rank"]].itertuples(index=False, name=None))


def test_a_topic_is_not_among_its_own_results() -> None:
    fixed = retriever(topics_are_documents=True)
    assert rows(fixed, 3) == [
        ("a", "b", 1),
        ("a", "c", 2),
        ("b", "c", 1),
        ("b", "a", 2),
        ("q", "a", 1),
        ("c", "a", 1),
    ]
    plain = retriever().run(QUERIES, QUERIES, 3)
    assert fixed.run(QUERIES, QUERIES, 3)["rank"].dtype == plain["rank"].dtype
    # Each document keeps its score.
    assert (
        without_own_documents(plain, QUERIES, fixed.collection, 3)["score"].tolist()
        == np.array([0.3, 0.1, 0.2, 0.1, 0.1, 0.1], dtype=np.float32).tolist()
    )


def test_the_run_has_the_requested_number_of_other_documents() -> None:
    assert rows(retriever(topics_are_documents=True), 1) == [
        ("a", "b", 1),
        ("b", "c", 1),
        ("q", "a", 1),
        ("c", "a", 1),
    ]


def test_equal_ids_are_ignored_unless_topics_are_documents() -> None:
    expected = [(q, "abc"[i], n) for q, row in zip(QUERIES, RESULTS, strict=True) for n, i in enumerate(row, 1)]
    assert rows(retriever(), 3) == expected
