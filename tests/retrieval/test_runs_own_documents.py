"""Where topics are documents (ArguAna), a query's own document is no answer."""

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.retrieval.runs import with_ids, without_own_documents

QUERIES = ["a", "b", "q", "c"]
FOUND = [[1, 0, 2], [2, 0], [0], [2, 0]]  # positions in "abc"


class Fixed(Retriever):
    """Finds the same documents every time."""

    def search(self, queries: object, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [np.array(row[:depth]) for row in FOUND], [np.arange(len(row[:depth]), 0, -1) / 10 for row in FOUND]


def retriever(**options: bool) -> Fixed:
    return Fixed("fixed", Collection(list("abc"), [None] * 3, list("xyz"), np.arange(3), **options))  # type: ignore[arg-type]


def rows(fixed: Fixed, depth: int) -> list[tuple[str, str, int]]:
    run = with_ids(fixed.run(QUERIES, QUERIES, depth), QUERIES, fixed.collection)
    return list(run[["query_id", "doc_id", "rank"]].itertuples(index=False, name=None))


def test_a_topic_is_no_answer_to_itself() -> None:
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
    # Scores stay with their documents.
    assert (
        without_own_documents(plain, QUERIES, fixed.collection, 3)["score"].tolist()
        == np.array([0.3, 0.1, 0.2, 0.1, 0.1, 0.1], dtype=np.float32).tolist()
    )


def test_the_run_has_as_many_documents_besides_the_own_one() -> None:
    assert rows(retriever(topics_are_documents=True), 1) == [
        ("a", "b", 1),
        ("b", "c", 1),
        ("q", "a", 1),
        ("c", "a", 1),
    ]


def test_ids_that_are_equal_by_chance_mean_nothing() -> None:
    expected = [(q, "abc"[i], n) for q, row in zip(QUERIES, FOUND, strict=True) for n, i in enumerate(row, 1)]
    assert rows(retriever(), 3) == expected
