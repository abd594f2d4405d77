"""A step equals, entry by entry, what plain loops over queries, documents and texts find."""

import dataclasses

import numpy as np
import pytest
import torch

from listill.ragged import Ragged
from listill.settings.training import Negatives
from listill.training import batches
from listill.training.batches import collate
from listill.training.examples import Examples

QUERIES, TEXTS = 40, 60


def random_examples(seed: int, left_out: bool, vectors: bool, anchors: int) -> Examples:
    """Return lists of 1 to 8 texts, some of which are duplicates; scores have few different values, so that many are equal.

    The guide's vectors are small integers, whose products are exact, and often equal.
    """
    draw = np.random.default_rng(seed)
    lists = [draw.choice(TEXTS, draw.integers(1, 9), replace=False) for _ in range(QUERIES)]
    group = np.minimum(np.arange(TEXTS), draw.integers(0, TEXTS, TEXTS) // 2 * 2)
    relevant = [np.append(draw.integers(0, TEXTS + 9, draw.integers(0, 3)), group[row[0]]) for row in lists]
    others = [draw.integers(0, TEXTS + 9, draw.integers(0, 6)) for _ in lists]
    guide = [draw.integers(-3, 4, (n, 8)).astype(np.float32) for n in (QUERIES, TEXTS + 7)]
    return Examples(
        query_ids=[f"q{q}" for q in range(QUERIES)],
        types=["lead"] * QUERIES,
        queries=["query"] * QUERIES,
        lists=Ragged.of(lists),
        scores=Ragged.of([(draw.integers(-4, 6, len(row)) / 4).astype(np.float32) for row in lists]),
        relevant=Ragged.of(relevant),
        texts=["text"] * (TEXTS + 7),
        group=np.append(group, TEXTS + 100 + np.arange(7)),
        document=np.arange(TEXTS + 7),
        left_out=(Ragged.of(others), Ragged.of([draw.normal(size=len(row)).astype(np.float32) for row in others]))
        if left_out
        else None,
        guide=(guide[0], guide[1]) if vectors else None,
        base=(guide[0], guide[1]) if vectors else None,
        anchors=TEXTS + np.arange(7) if anchors else None,
        anchors_per_step=anchors,
    )


def likely(examples: Examples, q: int, share: float) -> set[int]:
    """Return the groups of the documents that the teacher scores close to the top of all that it scored for a query."""
    groups, scores = examples.group[examples.lists[q]], examples.scores[q]
    if examples.left_out is not None:
        groups = np.concatenate([groups, examples.left_out[0][q]])
        scores = np.concatenate([scores, examples.left_out[1][q]])
    lowest = min(0.0, float(scores.min()))
    return set(groups[scores - lowest > share * (scores.max() - lowest)].tolist())


@pytest.mark.parametrize(("seed", "count"), [(0, "once"), (1, "every")])
@pytest.mark.parametrize("left_out", [False, True])
@pytest.mark.parametrize("vectors", [False, True])
@pytest.mark.parametrize(("denoise", "anchors", "listwise"), [(0.6, 0, True), (0.2, 3, False), (1.0, 99, True)])
def test_collate_equals_plain_loops(
    seed: int, left_out: bool, vectors: bool, count: str, denoise: float, anchors: int, listwise: bool
) -> None:
    examples = random_examples(seed, left_out, vectors, anchors)
    queries = np.random.default_rng(seed + 9).permutation(QUERIES)[:17]
    negatives = Negatives.model_validate(
        {"denoise": denoise, "count": count, "listwise": listwise, "guide_margin": 2.0}
    )
    step = collate(examples, queries, negatives)
    documents = [int(t) for q in queries for t in examples.lists[q]]
    in_lists = sorted(set(documents))
    drawn = step.texts[len(in_lists) :].tolist()
    if anchors:
        rng = np.random.default_rng(queries)
        assert drawn == rng.choice(examples.anchors, min(anchors, 7), replace=False, shuffle=False).tolist()
    assert step.texts.tolist() == [*in_lists, *drawn]
    assert len(drawn) == min(anchors, 7)
    expected_copies = [documents.count(t) if count == "every" else 1 for t in in_lists]
    assert step.copies.tolist() == [*expected_copies, *[1] * len(drawn)]
    longest = max(len(examples.lists[q]) for q in queries)
    for row, q in enumerate(queries):
        ids, size = examples.lists[q].tolist(), len(examples.lists[q])
        relevant, close = set(examples.relevant[q].tolist()), likely(examples, q, denoise)
        assert step.mask[row].tolist() == [i < size for i in range(longest)]
        assert step.texts[step.lists[row, :size].numpy()].tolist() == ids
        assert step.lists[row, size:].tolist() == [0] * (longest - size)
        assert step.scores[row].tolist() == [*examples.scores[q].tolist(), *[0.0] * (longest - size)]
        positives = [i == 0 or int(examples.group[t]) in relevant for i, t in enumerate(ids)]
        assert step.positives[row].tolist() == [*positives, *[False] * (longest - size)]
        negative = [int(examples.group[t]) not in relevant | close for t in in_lists]
        if examples.guide is not None:
            similarity = examples.guide[1][in_lists] @ examples.guide[0][q]
            negative = [
                one and bool(similarity[t] <= similarity[step.lists[row, 0]] + 2.0) for t, one in enumerate(negative)
            ]
        assert step.negative[row].tolist() == [*negative, *[False] * len(drawn)]
    assert (step.others is step.negative) == listwise
    if examples.base is not None:
        assert step.base is not None
        expected = np.concatenate([examples.base[0][queries], examples.base[1][step.texts]])
        assert torch.equal(step.base, torch.from_numpy(expected))


def test_the_guide_masks_the_same_texts_in_blocks_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, queries = random_examples(4, True, True, 0), np.arange(QUERIES)
    unguided = collate(dataclasses.replace(examples, guide=None), queries, Negatives())
    whole = collate(examples, queries, Negatives())
    monkeypatch.setattr(batches, "GUIDE_BLOCK", 3 * len(whole.texts))
    assert torch.equal(collate(examples, queries, Negatives()).negative, whole.negative)
    assert whole.negative.sum() < unguided.negative.sum()
