"""The order of the steps of a training on several corpora."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from listill.settings.joint import Turns
from listill.training import batches
from listill.training.turns import Turn, order

SIZES = [37, 11, 4]
ORDERS: list[dict[str, Any]] = [
    {"order": "alternate"},
    {"order": "proportional"},
    {"order": "temperature"},
    {"order": "temperature", "exponent": 0.0},
]


def steps(sizes: list[int], weights: list[float] | None = None, epochs: float = 1, **turns: Any) -> list[Turn]:
    return order(sizes, epochs, 4, 5, Turns(**turns), weights or [1.0] * len(sizes))


def letters(turns: list[Turn]) -> str:
    return "".join("abcdef"[turn.part] for turn in turns)


@pytest.mark.parametrize("turns", ORDERS, ids=str)
@pytest.mark.parametrize("weights", [[1, 1, 1], [0.2, 1, 9]], ids=str)
def test_every_list_is_used_once_per_epoch(turns: dict[str, Any], weights: list[float]) -> None:
    """The lists of a corpus, in the order in which they come, are one permutation after the other."""
    found = steps(SIZES, weights, epochs=3, **turns)
    for part, size in enumerate(SIZES):
        stream = np.concatenate([turn.queries for turn in found if turn.part == part])
        assert len(stream) == 3 * size
        for epoch in range(3):
            assert sorted(stream[epoch * size : (epoch + 1) * size]) == list(range(size))


@pytest.mark.parametrize("turns", ORDERS, ids=str)
def test_no_corpus_begins_an_epoch_before_all_have_ended_the_last_one(turns: dict[str, Any]) -> None:
    found = steps(SIZES, epochs=3, **turns)
    used: Counter[int] = Counter()
    for turn in found:
        begun = [used[part] // size for part, size in enumerate(SIZES)]
        assert used[turn.part] // SIZES[turn.part] == min(begun)
        used[turn.part] += len(turn.queries)


@pytest.mark.parametrize("turns", ORDERS, ids=str)
@pytest.mark.parametrize(("size", "epochs"), [(22, 5), (22, 0.3), (3, 2.5), (1, 1)])
def test_one_corpus_has_the_steps_of_a_single_training(turns: dict[str, Any], size: int, epochs: float) -> None:
    found = order([size], epochs, 5, 3, Turns(**turns), [2.0])
    expected = batches.order(size, epochs, 5, 3)
    assert len(found) == len(expected)
    assert all(np.array_equal(turn.queries, queries) for turn, queries in zip(found, expected, strict=True))


def test_corpora_take_turns_until_their_lists_are_used_up() -> None:
    assert letters(steps([12, 12], order="alternate")) == "ababab"
    assert letters(steps([20, 8, 4], order="alternate")) == "abcabaaa"
    # Steps that begin in the second epoch come after all steps of the first.
    assert letters(steps([20, 8], epochs=2, order="alternate")) == "ababaaa" + "ababaaa"


def test_a_weight_is_the_number_of_steps_per_turn() -> None:
    assert letters(steps([24, 12], [2, 1], order="alternate")) == "aabaabaab"
    assert letters(steps([12, 12], [1, 3], order="alternate")) == "bbabaa"
    # Equal weights, whatever they are, make no difference.
    assert letters(steps([20, 8, 4], [3, 3, 3], order="alternate")) == "abcabaaa"


def firsts(sizes: list[int], weights: list[float], **turns: Any) -> float:
    """Return how often the first step is of the first corpus, over many seeds."""
    draws = [order(sizes, 1, 4, seed, Turns(**turns), weights)[0].part for seed in range(3000)]
    return draws.count(0) / len(draws)


@pytest.mark.parametrize(
    ("turns", "weights", "expected"),
    [
        ({"order": "proportional"}, [1, 1], 36 / 40),
        ({"order": "proportional"}, [1, 3], 36 / 48),
        ({"order": "temperature"}, [1, 1], 6 / 8),
        ({"order": "temperature", "exponent": 0.0}, [1, 1], 1 / 2),
        ({"order": "temperature", "exponent": 1.0}, [1, 1], 36 / 40),
        ({"order": "temperature"}, [1, 2], 6 / 10),
    ],
)
def test_probabilities(turns: dict[str, Any], weights: list[float], expected: float) -> None:
    """Four standard deviations of 3000 draws are at most 0.037."""
    assert firsts([36, 4], weights, **turns) == pytest.approx(expected, abs=0.037)


def test_remaining_lists_count_in_the_order_proportional() -> None:
    """Every order of the steps is then equally probable: of 3 and 1 steps, the single one has each place."""
    places = [
        letters(order([12, 4], 1, 4, seed, Turns(order="proportional"), [1, 1])).index("b") for seed in range(2000)
    ]
    assert [places.count(place) / 2000 for place in range(4)] == pytest.approx([0.25] * 4, abs=0.04)


def test_orders_are_drawn_anew_in_every_epoch_and_for_every_seed() -> None:
    both = letters(steps([40, 40], epochs=2, order="proportional"))
    assert both[:20] != both[20:]
    assert both != letters(order([40, 40], 2, 4, 6, Turns(order="proportional"), [1, 1]))
    assert both == letters(steps([40, 40], epochs=2, order="proportional"))
    # Corpora of the same size have different permutations.
    first, second = (np.concatenate([turn.queries for turn in steps([40, 40]) if turn.part == part]) for part in (0, 1))
    assert sorted(first) == sorted(second)
    assert first.tolist() != second.tolist()
