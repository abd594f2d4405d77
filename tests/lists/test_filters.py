"""Filters of the training lists."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from listill.lists.choice import Pool
from listill.lists.filters import LowQuality, quality, teacher_agrees, with_raised_positives
from listill.settings.lists import Lists
from listill.teachers.ensemble import percentiles

GROUP = np.arange(40)
GROUP[31] = 5  # 31 is a duplicate of 5


def pool(scores: dict[int, float], *positive: int) -> Pool:
    values = np.array(list(scores.values()))
    return Pool(np.array(list(scores)), values, values.clip(-1, 1), np.isin(list(scores), positive).astype(int))


def test_teacher_agrees_if_its_top_document_is_a_positive() -> None:
    assert teacher_agrees(pool({1: 0.9, 2: 0.3}, 1), GROUP)
    assert not teacher_agrees(pool({1: 0.9, 2: 0.3}, 2), GROUP)
    assert teacher_agrees(pool({1: 0.9, 2: 0.9}, 2), GROUP)
    assert teacher_agrees(pool({1: 0.5, 2: 0.9, 3: 0.2}, 2, 3), GROUP)


def test_teacher_agrees_if_its_top_document_is_a_duplicate_of_a_positive() -> None:
    assert teacher_agrees(pool({31: 0.9, 5: 0.8, 2: 0.3}, 5), GROUP)
    assert teacher_agrees(pool({5: 0.9, 31: 0.8, 2: 0.3}, 31), GROUP)
    assert not teacher_agrees(pool({2: 0.9, 5: 0.8, 31: 0.7}, 5), GROUP)


def test_the_teachers_top_document_is_that_of_the_scores_not_of_the_clipped_targets() -> None:
    assert not teacher_agrees(pool({1: 1.5, 2: 1.2}, 2), GROUP)
    assert teacher_agrees(pool({1: 1.5, 2: 1.2}, 1), GROUP)


def test_quality_by_hand() -> None:
    all_scores = {"a": np.linspace(0, 100, 101), "b": np.linspace(0, 1, 101)}
    of_positives = {"a": np.array([1.0, 50.0, 99.0, 100.0, 0.0]), "b": np.array([0.01, 0.5, 0.01, 1.0, 0.0])}
    bounds = {teacher: percentiles(values) for teacher, values in all_scores.items()}
    values = quality(of_positives, {"a": 3.0, "b": 1.0}, bounds)
    np.testing.assert_allclose(values, [0, 0.5, 0.75, 1, 0], atol=1e-9)
    assert quality({"a": np.array([2.0])}, {"a": 1.0}, {"a": (2.0, 2.0)}).tolist() == [0.0]


def test_judged_positives_are_raised_above_the_best_score() -> None:
    before = pool({3: 0.4, 5: 1.0, 7: 0.2, 9: -1.0}, 3, 9)
    raised = with_raised_positives(before, 0.25)
    assert raised.targets.tolist() == [1.5, 1.0, 0.2, 1.5]
    assert raised.documents.tolist() == [3, 5, 7, 9]
    assert raised.scores.tolist() == before.scores.tolist()  # only the targets are raised
    assert with_raised_positives(before, 0.0).targets.tolist() == [1.0, 1.0, 0.2, 1.0]


def test_targets_follow_the_grades() -> None:
    """With three grades, the margin is 0.3 * 2 for the highest, two thirds and one third of it for the others."""
    before = pool({3: 0.4, 5: 1.0, 7: 0.2, 9: -1.0, 11: 0.3})
    graded = dataclasses.replace(before, relevance=np.array([1, 0, 5, 2, 5]))
    assert with_raised_positives(graded, 0.3).targets.tolist() == pytest.approx([1.2, 1.0, 1.6, 1.4, 1.6])


# The teacher's score of the positive of each query. p is a human query.
POSITIVES = {"q1": 9.0, "q2": 4.0, "q3": 6.0, "p": 0.0}


def dropped_queries(whole: bool = True, **settings: object) -> list[str]:
    lists = pd.DataFrame({"query_id": list(POSITIVES), "doc_ids": [[f"d-{q}", "x"] for q in POSITIVES]})
    types = pd.Series(["lead", "lead", "title", "human"], index=list(POSITIVES))
    rows = [(q, f"d-{q}", "t", score) for q, score in POSITIVES.items()] + [(q, "x", "t", 1.0) for q in POSITIVES]
    rows.append(("dropped", "x", "t", 10.0))  # a query without a list only affects the scale
    scores = pd.DataFrame(rows, columns=["query_id", "doc_id", "teacher", "score"])
    bounds = {"t": percentiles(scores["score"])}
    low = LowQuality(Lists.model_validate(settings), {"t": 1.0}, bounds)
    for part in [list(POSITIVES)] if whole else [["q1", "q2"], ["q3", "p"]]:
        chosen = lists[lists["query_id"].isin(part)].set_index("query_id", drop=False)
        low.add(chosen, types, scores[scores["query_id"].isin(part)])  # without "dropped", which has no list
    return sorted(low.queries())


@pytest.mark.parametrize(
    ("percentile", "of", "dropped"),
    [
        (0, "positives", []),
        (10, "positives", ["q2"]),
        (60, "positives", ["q2", "q3"]),
        (50, "all", []),  # of 9, 4, 6 and three times 1: the median is 2.5
        (70, "all", ["q2"]),
    ],
)
def test_synthetic_queries_of_low_quality(percentile: float, of: str, dropped: list[str]) -> None:
    """Human queries are never dropped and do not affect the percentile, however low their positives score."""
    assert dropped_queries(quality_percentile=percentile, quality_of=of) == dropped
    assert dropped_queries(False, quality_percentile=percentile, quality_of=of) == dropped  # in parts


def test_human_queries_alone_are_not_dropped() -> None:
    lists = pd.DataFrame({"query_id": ["p"], "doc_ids": [["a", "b"]]}).set_index("query_id", drop=False)
    scores = pd.DataFrame({"query_id": ["p", "p"], "doc_id": ["a", "b"], "teacher": "t", "score": [0.0, 1.0]})
    low = LowQuality(Lists(quality_percentile=99), {"t": 1.0}, {"t": (0.0, 1.0)})
    low.add(lists, pd.Series({"p": "human"}), scores)
    assert low.queries() == set()
