"""Candidates that the teacher scores near or above the positive."""

import numpy as np
import pytest

from listill.lists.choice import Pool
from listill.lists.near_positives import near_positives, with_more_positives

GROUP = np.arange(10)
GROUP[8] = 2  # 8 is a duplicate of 2


def pool(scores: dict[int, float], relevance: dict[int, int]) -> Pool:
    values = np.array(list(scores.values()))
    return Pool(np.array(list(scores)), values, values.clip(0, 1), np.array([relevance.get(d, 0) for d in scores]))


def near(scores: dict[int, float], share: float, **relevance: int) -> list[int]:
    candidates = pool(scores, {int(name[1:]): grade for name, grade in relevance.items()})
    found: list[int] = candidates.documents[near_positives(candidates, GROUP, share)].tolist()
    return found


SCORES = {1: 0.8, 3: 0.9, 4: 0.76, 5: 0.75, 6: 0.2, 7: 0.0}


@pytest.mark.parametrize(
    ("share", "expected"), [(1.0, [3]), (0.95, [3, 4]), (0.9, [3, 4, 5]), (0.25, [3, 4, 5, 6]), (0, [3, 4, 5, 6, 7])]
)
def test_near_or_above_the_positive(share: float, expected: list[int]) -> None:
    """The positive is 1. 0.95 of its score is 0.76: the limit belongs to it."""
    assert near(SCORES, share, d1=1) == expected


def test_the_best_scored_positive_counts_not_the_most_relevant() -> None:
    assert near(SCORES, 0.95, d1=1, d6=3) == [3, 4]


def test_the_share_is_measured_from_the_lowest_score_if_that_is_negative() -> None:
    """z-scores: the positive is 3 above the lowest, so that 0.9 of it is 2.7 above, at 0.7."""
    assert near({1: 1.0, 3: 0.71, 4: 0.69, 5: -2.0}, 0.9, d1=1) == [3]
    assert near({1: -1.0, 3: -0.5, 4: -1.2, 5: -2.0}, 0.9, d1=1) == [3]


def test_duplicates_of_a_positive_are_not_near_positives() -> None:
    assert near({2: 0.8, 8: 0.81, 3: 0.9}, 0.95, d2=1) == [3]


def test_duplicates_of_a_near_positive_are_near_positives() -> None:
    """The score of the same text may differ in the last digits: the limit is between the two."""
    assert near({1: 0.8, 2: 0.76, 8: 0.7599, 3: 0.7599}, 0.95, d1=1) == [2, 8]


def test_scores_beyond_the_targets_range() -> None:
    """With percentiles, targets are clipped to 1, scores are not."""
    assert near({1: 1.5, 3: 1.2, 4: 1.45}, 0.95, d1=1) == [4]


def test_more_positives_are_less_relevant_than_those_before() -> None:
    before = pool(SCORES, {1: 1, 6: 3})
    after = with_more_positives(before, np.isin(before.documents, [3, 4]))
    assert dict(zip(after.documents.tolist(), after.relevance.tolist(), strict=True)) == {
        1: 2,
        3: 1,
        4: 1,
        5: 0,
        6: 4,
        7: 0,
    }
    assert after.targets is before.targets
