"""Interrupted trainings go on from their checkpoints and end the same, to the last bit."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny_training
from listill.training.state import State, mixture

SCRIPT = Path(tiny_training.__file__)


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name].cpu(), two[name].cpu()) for name in one)


def test_n_steps_and_n_more_are_2n(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped (by the signal, as a cluster stops a job) at several steps, with dropout on."""
    recipe: dict[str, object] = {"dropout": 0.1}
    expected, weights = tiny_training.final(tiny_training.training(tiny_model, recipe))
    assert len(expected.history) == 22 + 5 + 1 + (3 if expected.best_step else 0)
    for stop_at in (1, 7, 22):
        work = tmp_path / str(stop_at)
        work.mkdir()
        one = tiny_training.training(tiny_model, recipe, work)
        advance = one.advance

        def stopping(state: State, advance: Any = advance, last: int = stop_at) -> float:
            loss: float = advance(state)
            if state.step == last:
                os.kill(os.getpid(), signal.SIGTERM)
            return loss

        monkeypatch.setattr(one, "advance", stopping)
        with pytest.raises(SystemExit) as stopped:
            one.run(base=0.0)
        assert stopped.value.code == 128 + signal.SIGTERM
        assert [file.name for file in work.iterdir()] == ["checkpoint.pt"]
        torch.manual_seed(stop_at)  # what the new process has drawn must not matter
        result, found = tiny_training.final(tiny_training.training(tiny_model, recipe, work))
        assert tiny_training.untimed(result) == tiny_training.untimed(expected)
        assert (result.best, result.best_step, result.kept) == (expected.best, expected.best_step, expected.kept)
        assert same(found, weights)


def run(model: Path, work: Path, out: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, str(SCRIPT), str(model), str(work), str(out), "{}"]
    paths = os.pathsep.join([str(SCRIPT.parent), *sys.path])
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True)


def ended(out: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    found = torch.load(out, weights_only=True)
    return found["weights"], json.loads(found["about"])


def test_killed_at_random_and_continued(tiny_model: Path, tmp_path: Path) -> None:
    """SIGKILL and SIGTERM at random moments, until a training has ended: the model of an undisturbed one."""
    work, out = tmp_path / "work", tmp_path / "out.pt"
    work.mkdir()
    (tmp_path / "plain").mkdir()
    assert run(tiny_model, tmp_path / "plain", tmp_path / "plain.pt").wait(120) == 0
    draw, kills = random.Random(5), 0
    for attempt in range(40):
        process = run(tiny_model, work, out)
        assert process.stderr is not None
        if attempt < 3:
            for line in process.stderr:  # until it trains
                if "on average" in line:
                    break
            time.sleep(draw.uniform(0.0, 0.25))
            process.send_signal(signal.SIGKILL if attempt % 2 else signal.SIGTERM)
            kills += process.wait(60) != 0
        else:
            assert process.wait(120) == 0, process.stderr.read()
        process.stderr.close()
        if out.exists():
            break
    assert kills >= 2
    weights, about = ended(out)
    expected, about_expected = ended(tmp_path / "plain.pt")
    assert about == about_expected
    assert same(weights, expected)


def test_a_checkpoint_is_whole_or_not_there(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = tiny_training.training(tiny_model, {}, tmp_path)
    State(step=3).save(tmp_path / "checkpoint.pt", one.encoder.model, one.adam)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space left"):
        State(step=4).save(tmp_path / "checkpoint.pt", one.encoder.model, one.adam)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    assert State.load(tmp_path / "checkpoint.pt", one.encoder.model, one.adam).step == 3


def test_mixtures() -> None:
    one = {"w": torch.tensor([1.0, 2.0]), "n": torch.tensor(3)}
    two = {"w": torch.tensor([5.0, 4.0]), "n": torch.tensor(9)}
    mixed = mixture([(0.25, one), (0.75, two)])
    assert mixed["w"].tolist() == [4.0, 3.5]
    assert mixed["n"].item() == 9
    assert mixed["w"].dtype == torch.float32
