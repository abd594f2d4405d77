"""Training curves for TensorBoard."""

from pathlib import Path

import pytest

import tiny_training
from listill.training.curves import Curves


class Writer:
    """A writer that records the values of each curve."""

    def __init__(self) -> None:
        self.curves: dict[str, list[tuple[int, float]]] = {}

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.curves.setdefault(name, []).append((step, value))


def test_tensorboard_gets_the_history(tiny_model: Path, tmp_path: Path) -> None:
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    training = tiny_training.training(tiny_model, {"tensorboard": True, "epochs": 1})
    training.curves = Curves(tmp_path)
    result = training.run(base=0.0)
    events = event_accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    trained = [row for row in result.history if row["split"] == "train"]
    values = [event.value for event in events.Scalars("train/loss")]
    assert values == pytest.approx([row["loss"] for row in trained])
    values = [event.value for event in events.Scalars("train/losses/infonce")]
    assert values == pytest.approx([row["losses"]["infonce"] for row in trained])


def test_every_number_of_a_row_has_a_curve() -> None:
    curves = Curves(None)
    curves.writer = writer = Writer()
    curves.add(
        {"step": 1, "split": "train", "loss": 3.0, "lr": 0.5, "seconds": 9.0, "losses": {"listwise": 2.0, "lr": 1.0}}
    )
    curves.add({"step": 1, "split": "dev", "weights": "step", "nDCG@10": 0.25, "queries": None})
    assert writer.curves == {
        "train/loss": [(1, 3.0)],
        "train/lr": [(1, 0.5)],
        "train/losses/listwise": [(1, 2.0)],
        "train/losses/lr": [(1, 1.0)],
        "dev/nDCG@10": [(1, 0.25)],
    }


def test_without_a_folder_nothing_is_written() -> None:
    curves = Curves(None)
    curves.add({"step": 1, "split": "train", "loss": 3.0})
    curves.close()
    assert curves.writer is None
