"""Choosing the documents of a list."""

import random

import numpy as np
import pytest

from listill.lists.choice import Pool, choose, stratified
from listill.settings.lists import Lists

GROUP = np.arange(40)
GROUP[31] = 5  # 31 is a duplicate of 5
NONE = np.zeros(40, dtype=bool)
HOWS = pytest.mark.parametrize("how", ["top", "stratified", "random"])


def pool(scores: dict[int, float], *positive: int, relevance: dict[int, int] | None = None) -> Pool:
    grades = dict.fromkeys(positive, 1) | (relevance or {})
    values = np.array(list(scores.values()))
    return Pool(np.array(list(scores)), values, values.clip(0, 1), np.array([grades.get(d, 0) for d in scores]))


def chosen(
    candidates: Pool, how: str, length: int = 4, banned: np.ndarray = NONE, seed: str = "1:q", positives: float = 0.5
) -> list[int]:
    settings = Lists.model_validate({"choose": how, "length": length, "positives": positives})
    in_list = candidates.take(choose(candidates, GROUP, banned[candidates.documents], settings, seed))
    documents: list[int] = in_list.documents.tolist()
    assert len(set(documents)) == len(documents) <= length
    order = list(zip(in_list.relevance.tolist(), in_list.scores.tolist(), strict=True))
    assert order == sorted(order, reverse=True)
    return documents


SCORES = dict(enumerate([1.0, 0.95, 0.9, 0.85, 0.5, 0.44, 0.1, 0.0]))


def test_top() -> None:
    assert chosen(pool(SCORES, 4), "top") == [4, 0, 1, 2]


def test_stratified() -> None:
    # The scores without the positive are 0.95 to 0; three levels are 0.95, 0.475 and 0.
    assert chosen(pool(SCORES, 0), "stratified") == [0, 1, 4, 7]
    assert chosen(pool(SCORES, 0), "stratified", length=3) == [0, 1, 7]


def test_stratified_takes_the_nearest_unused_score_of_each_level() -> None:
    assert stratified(np.array([0.0, 1.0, 0.52, 0.5, 0.48]), 3).tolist() == [1, 3, 0]
    assert sorted(stratified(np.zeros(5), 3).tolist()) == [0, 1, 2]
    assert stratified(np.array([0.3, 0.7]), 1).tolist() == [1]
    draw = np.random.default_rng(0)
    for _ in range(20):
        scores = draw.random(30)
        indices = stratified(scores, 8)
        assert len(set(indices.tolist())) == 8
        for index, level in enumerate(np.linspace(scores.max(), scores.min(), 8)):
            unused = np.setdiff1d(np.arange(30), indices[:index])
            assert abs(scores[indices[index]] - level) == np.abs(scores[unused] - level).min()


def test_random_depends_on_the_seed() -> None:
    large = pool({i: random.Random(i).random() for i in range(30)}, 3)
    documents = chosen(large, "random", seed="42:q1")
    assert documents == chosen(large, "random", seed="42:q1")
    assert documents[0] == 3
    others = {tuple(chosen(large, "random", seed=f"42:q{i}")) for i in range(20)}
    assert len(others) > 15
    assert len({document for row in others for document in row}) > 20


@HOWS
def test_duplicates_of_the_positive_and_banned_documents_are_left_out(how: str) -> None:
    banned = NONE.copy()
    banned[[7, 8]] = True
    scores = {5: 1.0, 31: 0.99, 7: 0.9, 8: 0.8, 1: 0.5, 2: 0.4, 3: 0.3}
    for length in (4, 10):
        assert sorted(chosen(pool(scores, 5), how, length, banned)) == [1, 2, 3, 5]
        assert sorted(chosen(pool(scores, 31), how, length, banned)) == [1, 2, 3, 31]


@HOWS
def test_a_small_pool_gives_a_shorter_list(how: str) -> None:
    assert chosen(pool({5: 0.2, 1: 0.5, 2: 0.9}, 5), how, 8) == [5, 2, 1]
    assert chosen(pool({5: 0.2, 31: 0.5}, 5), how, 8) == [5]
    assert chosen(pool({5: 0.2}, 5), how, 8) == [5]


@HOWS
def test_the_best_of_several_positives_comes_first(how: str) -> None:
    assert chosen(pool({1: 0.1, 2: 0.6, 3: 0.9, 4: 0.3}, 1, 2), how, 8)[:2] == [2, 1]


@HOWS
def test_positives_are_ordered_by_relevance_and_then_by_score(how: str) -> None:
    graded = pool({1: 0.9, 2: 0.2, 3: 1.0, 4: 0.5, 5: 0.1}, relevance={1: 1, 2: 2, 4: 2})
    assert chosen(graded, how, 8) == [4, 2, 1, 3, 5]


@HOWS
def test_positives_take_at_most_their_share_of_the_list(how: str) -> None:
    many = pool({d: d / 40 for d in range(20)}, *range(6, 20))
    for length, share, expected in [(8, 0.5, 4), (8, 0.25, 2), (8, 0.0, 1), (8, 1.0, 7), (2, 0.5, 1), (7, 0.5, 3)]:
        documents = chosen(many, how, length, positives=share)
        positives = [d for d in documents if d > 5]
        assert positives == list(range(19, 19 - expected, -1)), (length, share)
        assert len(documents) == min(length, expected + 6)  # six documents are no positives


def test_a_share_that_is_a_whole_number_of_documents_is_not_rounded_down() -> None:
    many = pool({d: d / 40 for d in range(40)}, *range(6, 31))
    assert len([d for d in chosen(many, "top", 35, positives=0.2) if 6 <= d <= 30]) == 7
    assert len([d for d in chosen(many, "top", 30, positives=0.7) if 6 <= d <= 30]) == 21


@HOWS
def test_duplicates_of_every_positive_are_left_out(how: str) -> None:
    """31 is a duplicate of 5: neither a negative, nor a second positive."""
    left_out = pool({1: 0.9, 5: 0.8, 31: 0.7, 2: 0.5, 3: 0.1}, 1, 5)
    assert chosen(left_out, how, 2)[0] == 1
    assert not {5, 31} & set(chosen(left_out, how, 2))
    assert chosen(left_out, how, 8) == [1, 5, 2, 3]
    assert chosen(pool({1: 0.9, 5: 0.8, 31: 0.7, 2: 0.5}, 1, 5, 31), how, 8) == [1, 5, 2]


@HOWS
def test_documents_beyond_the_targets_range_keep_their_order(how: str) -> None:
    """Targets may be clipped, as with the normalisation percentile; scores are not."""
    assert chosen(pool({1: 1.2, 2: 1.5, 3: 2.0, 4: 1.1, 5: -0.3, 6: -0.1}, 4), how, 8) == [4, 3, 2, 1, 6, 5]
