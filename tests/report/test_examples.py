"""Queries that a variant improves or degrades."""

import pandas as pd
import pytest

from listill.report.examples import wins_and_losses


def test_examples_are_the_largest_gains_and_losses() -> None:
    values = pd.DataFrame(
        {"query_id": list("abcde"), "before": [0.1, 0.5, 0.9, 0.2, 0.9], "after": [0.9, 0.5, 0.1, 0.3, 0.8]}
    )
    queries = pd.DataFrame({"query_id": list("abcde"), "text": list("ABCDE"), "type": "human"})
    qrels = pd.DataFrame({"query_id": ["a", "a", "c", "d", "e"], "doc_id": list("xyxxx"), "relevance": [1, 2, 1, 1, 1]})
    before = pd.DataFrame({"query_id": list("aac"), "doc_id": list("xyx"), "rank": [1, 7, 1], "score": [3.0, 1.0, 2.0]})
    after = pd.DataFrame({"query_id": list("aa"), "doc_id": list("yx"), "rank": [1, 2], "score": [0.9, 0.1]})
    corpus = pd.DataFrame({"doc_id": ["x", "y"], "title": [None, "Why"], "text": ["Ex", "z" * 1000]})
    runs = {"before": before, "after": after}
    comparison = wins_and_losses(
        values.set_index("query_id"), ("before", "after"), ["before", "after"], runs, queries, qrels, corpus, 1
    )
    assert comparison.score == (2, 1, 2)
    [won], [lost] = comparison.won, comparison.lost
    assert (won.query, won.passage.title, won.before, won.after) == ("A", "Why", 0.1, 0.9)  # y is more relevant than x
    assert [(one.system, one.rank, one.score, one.value) for one in won.found] == [
        ("before", 2, 1.0, 0.1),
        ("after", 1, 0.9, 0.9),
    ]
    assert [one.first.doc_id for one in won.found if one.first] == ["x", "y"]
    assert [one.right for one in won.found] == [True, True]
    assert won.passage.text == "z" * 400 + " ..."
    assert (lost.query, lost.passage.title, lost.found[0].rank, lost.found[1].rank) == ("C", "Ex", 1, None)
    assert lost.found[1].first is None


class Unread(dict[str, pd.DataFrame]):
    """Runs that must not be read."""

    def __getitem__(self, system: str) -> pd.DataFrame:
        raise AssertionError(f"the run of {system} was read")


@pytest.mark.parametrize(("after", "count", "score"), [(0.9, 0, (1, 0, 0)), (0.5, 1, (0, 1, 0))])
def test_without_examples_no_run_is_read(after: float, count: int, score: tuple[int, int, int]) -> None:
    values = pd.DataFrame({"before": [0.5], "after": [after]}, index=pd.Index(["a"], name="query_id"))
    queries = pd.DataFrame({"query_id": ["a"], "text": ["A"], "type": "human"})
    qrels = pd.DataFrame({"query_id": ["a"], "doc_id": ["x"], "relevance": [1]})
    corpus = pd.DataFrame({"doc_id": ["x"], "title": [None], "text": ["Ex"]})
    shown = ["before", "after"]
    comparison = wins_and_losses(values, ("before", "after"), shown, Unread(), queries, qrels, corpus, count)
    assert (comparison.score, comparison.won, comparison.lost) == (score, [], [])
