"""Queries that a variant won and lost."""

import pandas as pd

from listill.report.examples import contest


def test_examples_are_the_largest_gains_and_losses() -> None:
    values = pd.DataFrame(
        {"query_id": list("abcde"), "before": [0.1, 0.5, 0.9, 0.2, 0.9], "after": [0.9, 0.5, 0.1, 0.3, 0.8]}
    )
    queries = pd.DataFrame({"query_id": list("abcde"), "text": list("ABCDE"), "type": "human"})
    qrels = pd.DataFrame({"query_id": ["a", "a", "c", "d", "e"], "doc_id": list("xyxxx"), "relevance": [1, 2, 1, 1, 1]})
    before = pd.DataFrame({"query_id": list("aac"), "doc_id": list("xyx"), "rank": [1, 7, 1]})
    after = pd.DataFrame({"query_id": list("aa"), "doc_id": list("yx"), "rank": [1, 2]})
    found = contest(values, (before, after), queries, qrels, {"y": "Why"}, 1)
    assert found.score == (2, 1, 2)
    [won], [lost] = found.won, found.lost
    assert (won.query, won.title, won.rank_before, won.rank_after) == ("A", "Why", 2, 1)  # y is the more relevant
    assert (lost.query, lost.title, lost.rank_before, lost.rank_after) == ("C", "x", 1, None)
