"""Interrupted trainings resume from their checkpoints and end with the same weights, to the last bit."""

import json
import os
import random
import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import forked_stage
import pytest
import torch

import tiny_training
from listill.errors import UserError
from listill.training.batches import Step
from listill.training.state import State, mixture


def same(actual: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    return actual.keys() == expected.keys() and all(
        torch.equal(actual[name].cpu(), expected[name].cpu()) for name in actual
    )


@pytest.mark.parametrize(
    ("recipe", "sizes"),
    [
        ({"dropout": 0.1}, [22]),
        ({"dropout": 0.1}, [15, 7]),
        ({"lora": {"rank": 4}, "learning_rate": 1e-2}, [22]),
    ],
    ids=["one corpus", "two corpora", "adapters"],
)
def test_a_stopped_training_resumes_exactly(
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recipe: dict[str, object],
    sizes: list[int],
) -> None:
    """Stopped by SIGTERM, as a cluster stops jobs, at several steps, with dropout or adapters."""
    expected, weights = tiny_training.final(tiny_training.training(tiny_model, recipe, sizes=sizes))
    assert len(expected.history) == 22 + 5 + 1 + (3 if expected.best_step else 0)
    for stop_at in (1, 7, 22):
        work = tmp_path / str(stop_at)
        work.mkdir()
        interrupted = tiny_training.training(tiny_model, recipe, work, sizes=sizes)
        advance = interrupted.advance

        def stopping(state: State, step: Step, advance: Any = advance, last: int = stop_at) -> float:
            loss: float = advance(state, step)
            if state.step == last:
                os.kill(os.getpid(), signal.SIGTERM)
            return loss

        monkeypatch.setattr(interrupted, "advance", stopping)
        with pytest.raises(SystemExit) as stopped:
            interrupted.run(base=0.0)
        assert stopped.value.code == 128 + signal.SIGTERM
        assert [file.name for file in work.iterdir()] == ["checkpoint.pt"]
        torch.manual_seed(stop_at)  # earlier random numbers of the new process must not matter
        result, resumed = tiny_training.final(tiny_training.training(tiny_model, recipe, work, sizes=sizes))
        assert tiny_training.untimed(result) == tiny_training.untimed(expected)
        assert (result.best, result.best_step, result.kept) == (expected.best, expected.best_step, expected.kept)
        assert same(resumed, weights)


def run(model: Path, work: Path, out: Path, sizes: list[int]) -> ForkServerProcess:
    """Start a training in a process of its own; what it says is in the file ``said`` beside its output."""
    line = ["python", "-m", "tiny_training", str(model), str(work), str(out), "{}", json.dumps(sizes)]
    return forked_stage.start(line, out.parent, out.with_name("said"))


def load(out: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    saved = torch.load(out, weights_only=True)
    return saved["weights"], json.loads(saved["about"])


@pytest.mark.parametrize("sizes", [[22], [15, 7]], ids=["one corpus", "two corpora"])
def test_a_training_that_is_killed_at_random_moments_resumes_exactly(
    tiny_model: Path, tmp_path: Path, sizes: list[int]
) -> None:
    """SIGKILL and SIGTERM at random moments, until a training ends; its model equals that of a normal training."""
    work, out, said = tmp_path / "work", tmp_path / "out.pt", tmp_path / "said"
    work.mkdir()
    (tmp_path / "plain").mkdir()
    plain = run(tiny_model, tmp_path / "plain", tmp_path / "plain.pt", sizes)
    plain.join()
    assert plain.exitcode == 0, said.read_text()
    draw, kills = random.Random(5), 0
    for attempt in range(40):
        said.unlink()
        process = run(tiny_model, work, out, sizes)
        if attempt < 3:
            while process.is_alive() and not (said.exists() and "on average" in said.read_text()):  # training starts
                time.sleep(0.002)
            time.sleep(draw.uniform(0.0, 0.25))
            os.kill(process.pid or 0, signal.SIGKILL if attempt % 2 else signal.SIGTERM)
            process.join()
            kills += process.exitcode != 0
        else:
            process.join()
            assert process.exitcode == 0, said.read_text()
        if out.exists():
            break
    assert kills >= 2
    weights, about = load(out)
    expected, about_expected = load(tmp_path / "plain.pt")
    assert about == about_expected
    assert same(weights, expected)


def test_checkpoints_are_written_atomically(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = tiny_training.training(tiny_model, {}, tmp_path)
    model, adam = training.encoder.model, training.adam
    State(step=3).save(tmp_path / "checkpoint.pt", model, adam)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match=r"checkpoint\.pt: cannot be written: No space left"):
        State(step=4).save(tmp_path / "checkpoint.pt", model, adam)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    assert State.load(tmp_path / "checkpoint.pt", model, adam).step == 3


def test_mixtures() -> None:
    first = {"w": torch.tensor([1.0, 2.0]), "n": torch.tensor(3)}
    second = {"w": torch.tensor([5.0, 4.0]), "n": torch.tensor(9)}
    mixed = mixture([(0.25, first), (0.75, second)])
    assert mixed["w"].tolist() == [4.0, 3.5]
    assert mixed["n"].item() == 9
    assert mixed["w"].dtype == torch.float32
