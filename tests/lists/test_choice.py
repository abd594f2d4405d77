"""Choosing the documents of a list."""

import random

import numpy as np
import pytest

from listill.lists.choice import Pool, choose, stratified
from listill.settings.lists import Lists

GROUP = np.arange(40)
GROUP[31] = 5  # 31 is a duplicate of 5
NONE = np.zeros(40, dtype=bool)


def pool(scores: dict[int, float], *positive: int) -> Pool:
    documents = np.array(list(scores))
    return Pool(documents, np.array(list(scores.values())), np.isin(documents, positive))


def chosen(candidates: Pool, how: str, length: int = 4, banned: np.ndarray = NONE, seed: str = "1:q") -> list[int]:
    documents, scores = choose(candidates, GROUP, banned, Lists.model_validate({"choose": how, "length": length}), seed)
    score_of = dict(zip(candidates.documents.tolist(), candidates.scores.tolist(), strict=True))
    assert scores.tolist() == [score_of[document] for document in documents.tolist()]
    assert len(set(documents.tolist())) == len(documents)
    assert (np.diff(scores[1:]) <= 0).all()
    return documents.tolist()


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


@pytest.mark.parametrize("how", ["top", "stratified", "random"])
def test_duplicates_of_the_positive_and_banned_documents_are_left_out(how: str) -> None:
    banned = NONE.copy()
    banned[[7, 8]] = True
    scores = {5: 1.0, 31: 0.99, 7: 0.9, 8: 0.8, 1: 0.5, 2: 0.4, 3: 0.3}
    for length in (4, 10):
        assert sorted(chosen(pool(scores, 5), how, length, banned)) == [1, 2, 3, 5]
        assert sorted(chosen(pool(scores, 31), how, length, banned)) == [1, 2, 3, 31]


@pytest.mark.parametrize("how", ["top", "stratified", "random"])
def test_a_small_pool_gives_a_shorter_list(how: str) -> None:
    assert chosen(pool({5: 0.2, 1: 0.5, 2: 0.9}, 5), how, 8) == [5, 2, 1]
    assert chosen(pool({5: 0.2, 31: 0.5}, 5), how, 8) == [5]
    assert chosen(pool({5: 0.2}, 5), how, 8) == [5]


@pytest.mark.parametrize("how", ["top", "stratified", "random"])
def test_the_best_of_several_positives_comes_first(how: str) -> None:
    assert chosen(pool({1: 0.1, 2: 0.6, 3: 0.9, 4: 0.3}, 1, 2), how, 8)[0] == 2
