"""Clusters of queries that ask for the same documents."""

import pandas as pd
import pytest

from listill.evaluation.clusters import clusters


def qrels(**relevant: str) -> pd.DataFrame:
    rows = [(query, document, 1) for query, documents in relevant.items() for document in documents]
    return pd.DataFrame(rows, columns=["query_id", "doc_id", "relevance"])


def together(judgements: pd.DataFrame, group: dict[str, str] | None = None) -> list[str]:
    """Return the queries of each cluster as one word."""
    labels = clusters(judgements, group or {})
    return sorted("".join(sorted(members)) for members in labels.groupby(labels).groups.values())


@pytest.mark.parametrize(
    ("relevant", "expected"),
    [
        ({"a": "x", "b": "x", "c": "y"}, ["ab", "c"]),
        ({"a": "xy", "b": "yz", "c": "w"}, ["ab", "c"]),  # half of the documents of each
        ({"a": "x", "b": "xy", "c": "yz"}, ["abc"]),  # a and c are connected through b
        ({"a": "x", "b": "xyz", "c": "zw"}, ["a", "b", "c"]),  # a third of the longer one is not enough
        ({"a": "x", "b": "y", "c": "z"}, ["a", "b", "c"]),
    ],
)
def test_queries_that_share_at_least_half_of_their_documents(relevant: dict[str, str], expected: list[str]) -> None:
    assert together(qrels(**relevant)) == expected


def test_duplicates_count_as_one_document_and_irrelevant_ones_do_not_count() -> None:
    assert together(qrels(a="x", b="y", c="z"), {"x": "x", "y": "x"}) == ["ab", "c"]
    judged = pd.concat([qrels(a="x", b="y"), pd.DataFrame({"query_id": ["b", "c"], "doc_id": "x", "relevance": 0})])
    assert together(judged) == ["a", "b"]


def test_long_lists_that_overlap_a_little_do_not_make_one_cluster() -> None:
    """As in NFCorpus: each topic shares a few of its many documents with the next one."""
    judged = qrels(**{f"q{i}": [f"d{j}" for j in range(i * 30, i * 30 + 40)] for i in range(20)})  # type: ignore[arg-type]
    assert clusters(judged, {}).nunique() == 20


def test_no_judgements() -> None:
    assert clusters(qrels(), {}).empty


def test_a_popular_document_is_cheap() -> None:
    assert clusters(qrels(**{f"q{i}": "x" for i in range(20_000)}), {}).nunique() == 1
