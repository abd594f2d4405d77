"""Curves for TensorBoard."""

from pathlib import Path

import pytest

import tiny_training


def test_tensorboard_gets_the_history(tiny_model: Path, tmp_path: Path) -> None:
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    one = tiny_training.training(tiny_model, {"tensorboard": True, "epochs": 1})
    one.curves.__init__(tmp_path)  # type: ignore[misc]
    result = one.run(base=0.0)
    events = event_accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    losses = [row["loss"] for row in result.history if row["split"] == "train"]
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(losses)
