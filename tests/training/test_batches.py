"""Batches: the order of the queries, and the negatives of a step."""

import dataclasses

import numpy as np
import pytest
import torch

from listill.ragged import Ragged
from listill.settings.training import Negatives
from listill.training.batches import collate, order
from listill.training.examples import Examples


def test_an_epoch_is_a_permutation_and_drops_no_remainder() -> None:
    steps = order(23, 1.0, 5, seed=1)
    assert [len(step) for step in steps] == [5, 5, 5, 5, 3]
    assert sorted(np.concatenate(steps).tolist()) == list(range(23))
    assert np.concatenate(steps).tolist() != list(range(23))


def test_batches_continue_across_epochs_and_every_epoch_has_a_different_order() -> None:
    steps = order(23, 3.0, 5, seed=1)
    assert [len(step) for step in steps] == [5] * 13 + [4]
    stream = np.concatenate(steps)
    epochs = [stream[start : start + 23].tolist() for start in (0, 23, 46)]
    assert all(sorted(epoch) == list(range(23)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


@pytest.mark.parametrize(("epochs", "size"), [(0.5, 10), (1.5, 30), (0.001, 1), (2.25, 45)])
def test_fractions_of_an_epoch(epochs: float, size: int) -> None:
    stream = np.concatenate(order(20, epochs, 4, seed=1))
    assert len(stream) == size
    counts = np.bincount(stream, minlength=20)
    assert counts.max() - counts.min() <= 1


def test_a_batch_is_not_larger_than_an_epoch() -> None:
    steps = order(3, 2.0, 8, seed=1)
    assert [sorted(step.tolist()) for step in steps] == [[0, 1, 2]] * 2


def test_the_order_depends_on_the_seed() -> None:
    one, two, three = (np.concatenate(order(50, 2.0, 8, seed)).tolist() for seed in (1, 1, 2))
    assert one == two != three


# Texts 0 to 7. 3 is a duplicate of 2 (group 2), 7 is passage 0 without its query (group 0).
GROUP = np.array([0, 1, 2, 2, 4, 5, 6, 0])


def examples(lists: list[list[int]], scores: list[list[float]], relevant: list[list[int]]) -> Examples:
    count = len(lists)
    return Examples(
        query_ids=[f"q{i}" for i in range(count)],
        types=["lead"] * count,
        queries=[f"query {i}" for i in range(count)],
        lists=Ragged.of([np.array(row) for row in lists]),
        scores=Ragged.of([np.array(row, dtype=np.float32) for row in scores]),
        relevant=Ragged.of([np.array(row) for row in relevant]),
        texts=[f"text {i}" for i in range(8)],
        group=GROUP,
        document=np.arange(8),
    )


def test_a_step_has_the_base_models_embeddings_of_its_queries_and_texts() -> None:
    data = examples([[2, 5], [6, 5], [0, 1]], [[1.0, 0.5]] * 3, [[2], [6], [0]])
    assert collate(data, np.array([2, 0]), Negatives()).base is None
    of_queries, of_texts = (np.arange(2 * n, dtype=np.float32).reshape(n, 2) for n in (3, 8))
    step = collate(dataclasses.replace(data, base=(of_queries, of_texts + 100)), np.array([2, 0]), Negatives())
    assert step.base is not None
    assert step.base[:2].tolist() == [[4, 5], [0, 1]]
    assert step.base[2:].tolist() == [[2 * t + 100, 2 * t + 101] for t in (0, 1, 2, 5)]


def test_collate() -> None:
    data = examples(
        [[2, 5, 4], [6, 5], [0, 1], [7, 6, 1, 4]],
        [[1.0, 0.5, 0.2], [1.0, 0.1], [1.0, 0.0], [0.9, 0.8, 0.3, 0.0]],
        [[2], [6, 4], [0], [0]],
    )
    step = collate(data, np.array([3, 1, 0]), Negatives())
    assert step.queries.tolist() == [3, 1, 0]
    assert step.texts.tolist() == [1, 2, 4, 5, 6, 7]  # each distinct text once; text 0 is only in the list of query 2
    assert step.mask.tolist() == [[True] * 4, [True, True, False, False], [True, True, True, False]]
    for row, q in enumerate(step.queries):
        real = step.mask[row]
        assert step.texts[step.lists[row][real]].tolist() == data.lists[q].tolist()
        assert step.scores[row][real].tolist() == data.scores[q].tolist()
        assert step.scores[row][~real].tolist() == [0.0] * int((~real).sum())
    assert step.texts[step.positive].tolist() == [7, 6, 2]
    assert [row.tolist() for row in step.positives] == [[True, False, False, False]] * 3
    assert (step.lists.dtype, step.scores.dtype) == (torch.int64, torch.float32)
    negatives = [set(step.texts[row].tolist()) for row in step.negative.numpy()]
    # q3: neither its own passage (7) nor 6, which the teacher scores close to the top (0.8 > 0.6 * 0.9).
    # q1: neither its passage (6) nor text 4, which is relevant to it. q0: not its passage (2).
    assert negatives == [{1, 2, 4, 5}, {1, 2, 5, 7}, {1, 4, 5, 6, 7}]


def test_duplicates_of_the_positive_are_never_negatives() -> None:
    data = examples([[2, 5], [4, 3], [0, 7]], [[1.0, 0.0]] * 3, [[2], [4], [0]])
    step = collate(data, np.arange(3), Negatives(denoise=1.0))
    assert step.texts.tolist() == [0, 2, 3, 4, 5, 7]
    negatives = [set(step.texts[row].tolist()) for row in step.negative.numpy()]
    assert negatives == [{0, 4, 5, 7}, {0, 2, 3, 5, 7}, {2, 3, 4, 5}]


@pytest.mark.parametrize(
    ("scores", "denoise", "masked"),
    [
        ([1.0, 0.7, 0.6, 0.2], 0.6, {5}),
        ([1.0, 0.7, 0.6, 0.2], 0.1, {5, 4, 6}),
        ([1.0, 0.7, 0.6, 0.2], 1.0, set()),
        # z-scores: a share of the range above the lowest score (-1 to 1, so scores above 0.2).
        ([1.0, 0.3, 0.1, -1.0], 0.6, {5}),
        ([0.4, 0.3, 0.1, -1.0], 0.6, {5, 4}),
    ],
)
def test_documents_that_the_teacher_scores_close_to_the_top_are_masked(
    scores: list[float], denoise: float, masked: set[int]
) -> None:
    data = examples([[2, 5, 4, 6]], [scores], [[2]])
    step = collate(data, np.array([0]), Negatives(denoise=denoise))
    assert set(step.texts[~step.negative[0].numpy()].tolist()) - {2} == masked


def left_out(*rows: dict[int, float]) -> tuple[Ragged, Ragged]:
    """Return groups and scores, by query, of candidates that lists leave out."""
    groups = Ragged.of([np.array(list(row), dtype=np.int64) for row in rows])
    return groups, Ragged.of([np.array(list(row.values()), dtype=np.float32) for row in rows])


def test_documents_that_the_list_leaves_out_are_masked_too() -> None:
    """Of query 0, the teacher scores 5 and 2 (the group of text 3) close to the top, and 6 not; query 1 has all."""
    data = examples([[0, 4], [1, 5, 3, 6]], [[1.0, 0.0], [1.0, 0.2, 0.1, 0.0]], [[0], [1]])
    pool = dataclasses.replace(data, left_out=left_out({5: 0.8, 6: 0.5, 2: 0.7}, {}))
    for examples_, expected in [(data, {1, 3, 4, 5, 6}), (pool, {1, 4, 6})]:
        step = collate(examples_, np.arange(2), Negatives())
        assert set(step.texts[step.negative[0].numpy()].tolist()) == expected
        assert set(step.texts[step.negative[1].numpy()].tolist()) == {0, 3, 4, 5, 6}
        assert step.others is step.negative


def test_the_top_score_is_that_of_all_candidates() -> None:
    """Without a margin for judgements, the list may leave out the teacher's favourite. z-scores: from -1 to 3."""
    data = examples([[0, 4, 5]], [[0.4, 0.5, 1.5]], [[0]])
    pool = dataclasses.replace(data, left_out=left_out({6: 3.0, 1: -1.0}))
    step = collate(pool, np.array([0]), Negatives())
    assert set(step.texts[step.negative[0].numpy()].tolist()) == {4}  # 1.5 is 0.625 of the range, 0.5 is 0.375


def test_the_positives_of_a_list() -> None:
    """They are the first document and all others that are known to be relevant; text 3 is in the group of text 2."""
    data = examples([[5, 3, 4], [6, 1]], [[1.2, 1.1, 0.0], [1.0, 0.0]], [[5, 2], [4]])
    step = collate(data, np.arange(2), Negatives())
    assert step.positives.tolist() == [[True, True, False], [True, False, False]]
    assert step.texts[step.positive].tolist() == [5, 6]
    assert set(step.texts[step.negative[0].numpy()].tolist()) == {1, 4, 6}


def test_texts_that_the_guide_scores_above_the_positive_are_not_negatives() -> None:
    data = examples([[2, 5], [4, 6]], [[1.0, 0.0]] * 2, [[2], [4]])
    queries = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    texts = np.zeros((8, 2), dtype=np.float32)
    texts[[2, 5, 4, 6]] = [[0.5, 0.1], [0.6, 0.9], [0.4, 0.8], [0.5, 0.7]]
    data = dataclasses.replace(data, guide=(queries, texts))

    def negatives(margin: float) -> list[set[int]]:
        step = collate(data, np.arange(2), Negatives(denoise=1.0, guide_margin=margin))
        return [set(step.texts[row].tolist()) for row in step.negative.numpy()]

    # q0: text 5 (0.6) is above the positive (0.5), text 6 equals it. q1: text 5 (0.9) is above the positive (0.8).
    assert negatives(0.0) == [{4, 6}, {2, 6}]
    assert negatives(0.11) == [{4, 5, 6}, {2, 5, 6}]
    assert negatives(-0.05) == [{4}, {2, 6}]


def test_copies() -> None:
    data = examples([[2, 5], [4, 5], [6, 5, 2]], [[1.0, 0.0], [1.0, 0.0], [1.0, 0.5, 0.0]], [[2], [4], [6]])
    assert collate(data, np.arange(3), Negatives()).copies.tolist() == [1, 1, 1, 1]
    step = collate(data, np.arange(3), Negatives(count="every"))
    assert dict(zip(step.texts.tolist(), step.copies.tolist(), strict=True)) == {2: 2, 4: 1, 5: 3, 6: 1}
