"""Queries that a variant improves or degrades."""

import pandas as pd

from listill.report.examples import wins_and_losses


def test_examples_are_the_largest_gains_and_losses() -> None:
    values = pd.DataFrame(
        {"query_id": list("abcde"), "before": [0.1, 0.5, 0.9, 0.2, 0.9], "after": [0.9, 0.5, 0.1, 0.3, 0.8]}
    )
    queries = pd.DataFrame({"query_id": list("abcde"), "text": list("ABCDE"), "type": "human"})
    qrels = pd.DataFrame({"query_id": ["a", "a", "c", "d", "e"], "doc_id": list("xyxxx"), "relevance": [1, 2, 1, 1, 1]})
    before = pd.DataFrame({"query_id": list("aac"), "doc_id": list("xyx"), "rank": [1, 7, 1]})
    after = pd.DataFrame({"query_id": list("aa"), "doc_id": list("yx"), "rank": [1, 2]})
    comparison = wins_and_losses(values, (before, after), queries, qrels, {"y": "Why"}, 1)
    assert comparison.score == (2, 1, 2)
    [won], [lost] = comparison.won, comparison.lost
    assert (won.query, won.title, won.rank_before, won.rank_after) == ("A", "Why", 2, 1)  # y is more relevant than x
    assert (lost.query, lost.title, lost.rank_before, lost.rank_after) == ("C", "x", 1, None)
