"""Held against the memory and the files of the demo."""

import pytest
from known_runs import DEMO, DEMO_DISK, DEMO_MEMORY, MINILM, demo, near

from listill.estimate import space
from listill.estimate.jobs import jobs_of
from listill.settings.training import Recipe

JOBS = {job.stage: job for job in jobs_of(demo())}


@pytest.mark.parametrize("stage", DEMO_MEMORY)
def test_memory(stage: str) -> None:
    assert near(JOBS[stage].memory, DEMO_MEMORY[stage])


@pytest.mark.parametrize("stage", DEMO_DISK)
def test_disk(stage: str) -> None:
    assert near(JOBS[stage].disk, DEMO_DISK[stage])


def test_large_steps_are_bounded_by_the_memory_setting() -> None:
    def memory(tokens: float, limit: float | None = None) -> float:
        return space.training(DEMO, MINILM, Recipe(memory=limit), tokens)["memory"]

    assert memory(1e9) - memory(0) == pytest.approx(2e9)
    assert memory(1e9, 0.5) - memory(0) == pytest.approx(0.5e9)
    assert memory(100) - memory(0) == 100 * 34 * 6 * 384


def test_a_model_of_unknown_size_counts_as_bert_base() -> None:
    assert space.embeddings(DEMO, None) == space.embeddings(DEMO, space.UNKNOWN)
    assert space.asked(10, None)["memory"] > 0.4e9
