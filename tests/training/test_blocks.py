"""The losses in blocks of queries: their values, gradients and memory."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

import tiny_training
from listill.families import load
from listill.training import loop
from listill.training.batches import Step
from listill.training.blocks import Blocks
from listill.training.objective import reads_embeddings, weighted
from plain_losses import TEMPERATURES, random_embeddings, random_step

COMBINED = {"listwise": 1.0, "infonce": 0.1}
ALL = {**COMBINED, "anchor": 0.5, "anchor_kl": 0.3, "margin_mse": 2.0, "pair_mse": 1.5, "ranknet": 0.7}


def step_with_others(seed: int, **sizes: int) -> Step:
    """Return a step whose listwise loss runs over the negatives of the step, too."""
    step, _ = random_step(seed, **sizes)
    return dataclasses.replace(step, others=step.negative)


def blocks(step: Step, losses: dict[str, float], memory: float, sizes: Sequence[int] = (), **keys: Any) -> Blocks:
    return Blocks(step, losses, TEMPERATURES, memory, sizes, **keys)  # type: ignore[arg-type]


def leaves(step: Step, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    return [vectors.to(dtype).requires_grad_() for vectors in random_embeddings(step)]


@pytest.mark.parametrize("losses", [COMBINED, ALL, {"anchor": 1.0}, *({name: 1.0} for name in ALL)], ids=" ".join)
@pytest.mark.parametrize("sizes", [(), (9, 4)])
@pytest.mark.parametrize("queries_per_block", [1, 2, 4, 8])
def test_values_and_gradients_are_those_of_the_whole_step(
    losses: dict[str, float], sizes: Sequence[int], queries_per_block: int
) -> None:
    """In float64, against automatic differentiation of the whole; 9 queries, so that the last block is smaller."""
    step = step_with_others(5)
    assert step.base is not None
    step = dataclasses.replace(step, scores=step.scores.double(), base=step.base.double())
    whole, divided = leaves(step), leaves(step)
    expected, expected_parts = weighted(step, *whole, losses, TEMPERATURES, sizes)  # type: ignore[arg-type]
    expected.backward()
    memory = queries_per_block * blocks(step, losses, 0, sizes).bytes_per_query
    loss = blocks(step, losses, memory, sizes)
    total, parts, terms = 0.0, dict.fromkeys(losses, 0.0), 0
    for term, term_parts in loss(*divided):
        term.backward()
        total, terms = total + float(term.detach()), terms + 1
        for name, part in term_parts.items():
            parts[name] += part
    reading = [reads_embeddings(name) for name in losses]  # type: ignore[arg-type]
    assert terms == (1 if all(reading) else -(-9 // queries_per_block) + any(reading))
    assert total == pytest.approx(float(expected.detach()), rel=1e-12)
    assert parts == pytest.approx(expected_parts, rel=1e-12)
    for ours, theirs in zip(divided, whole, strict=True):
        assert (ours.grad is None) == (theirs.grad is None)
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", ALL)
def test_the_value_of_a_query_depends_only_on_its_own_row(name: str) -> None:
    step, module = step_with_others(3), load("losses", name)
    queries, texts = random_embeddings(step)
    for rows in (slice(0, 4), slice(4, 9)):
        block = step.block(rows)
        if reads_embeddings(name):  # type: ignore[arg-type]
            found = module.loss(block, torch.cat([queries[rows], texts]), TEMPERATURES)[: len(block.queries)]
            expected = module.loss(step, torch.cat([queries, texts]), TEMPERATURES)[rows]
        else:
            found = module.loss(block, queries[rows] @ texts.T, TEMPERATURES)
            expected = module.loss(step, queries @ texts.T, TEMPERATURES)[rows]
        torch.testing.assert_close(found, expected)


def test_a_step_that_fits_is_computed_as_a_whole() -> None:
    """To the last bit."""
    step = step_with_others(1)
    ours, plain = leaves(step, torch.float32), leaves(step, torch.float32)
    loss = blocks(step, ALL, blocks(step, ALL, 0).bytes_per_query * 9)
    ((term, parts),) = loss(*ours)
    expected, expected_parts = weighted(step, *plain, ALL, TEMPERATURES)  # type: ignore[arg-type]
    assert torch.equal(term, expected)
    assert parts == expected_parts
    term.backward()
    expected.backward()
    assert all(torch.equal(one.grad, two.grad) for one, two in zip(ours, plain, strict=True))  # type: ignore[arg-type]


def test_the_size_of_the_blocks() -> None:
    step = step_with_others(1)  # 9 queries, 14 texts
    assert blocks(step, COMBINED, 0).bytes_per_query == (16 + 12 * 2) * 14
    assert blocks(step, COMBINED, 0, (8, 4)).bytes_per_query == (16 + 12 * 6) * 14
    assert blocks(step, {**COMBINED, "anchor": 1.0}, 0).bytes_per_query == (16 + 12 * 2) * 14
    assert blocks(step, {"anchor": 1.0}, 0).bytes == 0
    for memory, size in [(0, 1), (559, 1), (560, 1), (1120, 2), (5039, 8), (5040, 9), (1e12, 9)]:
        assert blocks(step, COMBINED, memory).queries_per_block == size
        assert blocks(step, COMBINED, memory).bytes == 560 * size


@pytest.mark.parametrize(
    ("losses", "sizes"),
    [({name: 1.0}, ()) for name in ALL if name not in ("anchor", "ranknet")]
    + [(COMBINED, ()), (COMBINED, (8, 4)), (ALL, ())],
    ids=str,
)
def test_a_block_takes_no_more_memory_than_stated(losses: dict[str, float], sizes: Sequence[int]) -> None:
    """The peak of the tensors that the losses and their backward pass allocate; texts outnumber what a list takes."""
    step = step_with_others(2, queries=64, texts=3000)
    queries, texts = leaves(step, torch.float32)
    loss = blocks(step, losses, 32 * blocks(step, losses, 0, sizes).bytes_per_query, sizes)
    assert loss.queries_per_block == 32

    def run() -> None:
        for term, _ in loss(queries, texts):
            term.backward()

    run()  # allocates the gradients of the leaves
    # Beside the matrices of the block: the gradients of queries and texts, and the cut embeddings of each size.
    embeddings = 4 * (len(queries) + len(texts)) * 16 * (2 + 4 * len(sizes) + 2 * ("anchor" in losses))
    most = peak(run)
    assert most < loss.bytes + embeddings + 2e5
    if losses == COMBINED:  # the estimate is not far above
        assert most > 0.8 * loss.bytes


def peak(function: Callable[[], None]) -> int:
    """Return the most bytes that a function has allocated for tensors on the CPU at a time."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    events = profiler.profiler.kineto_results.events()  # type: ignore[union-attr]
    now = most = 0
    for event in sorted((event for event in events if event.name() == "[memory]"), key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


def test_a_training_in_blocks_has_the_losses_of_one_without(tiny_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    histories = []
    for share in (0.25, 1e-9):
        monkeypatch.setattr(loop, "LOSS_SHARE", share)
        training = tiny_training.training(tiny_model, {"losses": ALL, "temperatures": {"teacher": 0.2}})
        histories.append([row["loss"] for row in training.run(base=0.0).history if row["split"] == "train"])
    assert histories[0] == pytest.approx(histories[1], rel=1e-3)
    assert histories[0] != histories[1]  # rounding shows that the second had blocks
