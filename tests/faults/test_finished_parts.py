"""What notices that finished parts were made again does so."""

import base64
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from kills import finished_parts
from kills.finished_parts import check_kept, read
from kills.killed_run import finished
from listill import arrays
from listill.queries.answers import Answer, AnswerFile
from listill.teachers.store import ScoreStore
from listill.training.state import State


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder of a stage that has been interrupted, with an encoded part, a checkpoint and two answers."""
    folder = tmp_path / "results/tiny/.work/stage-1"
    folder.mkdir(parents=True)
    arrays.write(folder / "0.npy", np.zeros((2, 3), dtype=np.float32))
    checkpoint(folder, 4)
    with AnswerFile(folder / "answers.jsonl") as file:
        file.add([Answer("d1:title:0", "one", "stop"), Answer("d2:title:0", "two", "stop")])
    keys = np.array([[1, 2], [3, 4]], dtype=np.uint64)
    ScoreStore(tmp_path / "results/tiny/.scores/candidates", {}).add(keys, np.zeros(2, dtype=np.float32))
    return folder


def checkpoint(folder: Path, step: int) -> None:
    model = torch.nn.Linear(1, 1)
    State(step=step).save(folder / "checkpoint.pt", model, torch.optim.SGD(model.parameters()))


def test_what_was_finished_is_found(work: Path, tmp_path: Path) -> None:
    parts = read(tmp_path)
    assert {path.suffix for path in parts.files} == {".npy", ".scores"}
    assert parts.steps == {work / "checkpoint.pt": 4}
    assert parts.answers == {work / "answers.jsonl": {"d1:title:0", "d2:title:0"}}
    assert parts.count == 5
    assert parts.stored().count == 1
    check_kept(parts, read(tmp_path))


def test_more_parts_and_steps_are_fine(work: Path, tmp_path: Path) -> None:
    before = read(tmp_path)
    arrays.write(work / "2.npy", np.zeros((2, 3), dtype=np.float32))
    checkpoint(work, 6)
    with AnswerFile(work / "answers.jsonl") as file:
        file.add([Answer("d3:title:0", "three", "stop")])
    check_kept(before, read(tmp_path))


def again(work: Path) -> None:
    arrays.write(work / "0.npy", np.zeros((2, 3), dtype=np.float32))


def gone(work: Path) -> None:
    (work / "0.npy").unlink()


def earlier(work: Path) -> None:
    checkpoint(work, 3)


def forgotten(work: Path) -> None:
    lines = (work / "answers.jsonl").read_bytes()
    os.truncate(work / "answers.jsonl", len(lines) - 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (again, "has been made again"),
        (gone, "and is gone"),
        (earlier, "step 4 was done, now 3"),
        (forgotten, r"\['d1:title:0', 'd2:title:0'\] were answered"),
    ],
)
def test_a_part_that_is_made_again_or_lost(work: Path, tmp_path: Path, change, message: str) -> None:
    before = read(tmp_path)
    change(work)
    with pytest.raises(AssertionError, match=message):
        check_kept(before, read(tmp_path))


@pytest.mark.parametrize("name", ["0.npy", "checkpoint.pt"])
def test_half_a_part(work: Path, tmp_path: Path, name: str) -> None:
    os.truncate(work / name, (work / name).stat().st_size // 2)
    with pytest.raises(AssertionError, match="is only a half"):
        read(tmp_path)


def test_pairs_that_are_scored_twice(work: Path, tmp_path: Path) -> None:
    keys = np.array([[2, 5], [4, 6]], dtype=np.uint64)
    ScoreStore(tmp_path / "results/tiny/.scores/candidates", {}).add(keys, np.ones(2, dtype=np.float32))
    with pytest.raises(AssertionError, match="1 of its pairs have been scored before"):
        read(tmp_path)


def test_stored_scores_are_restored(work: Path, tmp_path: Path) -> None:
    before = finished_parts.copy_of(tmp_path)
    keys = np.array([[9], [9]], dtype=np.uint64)
    ScoreStore(tmp_path / "results/tiny/.scores/candidates", {}).add(keys, np.zeros(1, dtype=np.float32))
    next(iter(tmp_path.glob("results/tiny/.scores/*/*/*.scores"))).unlink()
    finished_parts.restore(tmp_path, before)
    assert finished_parts.copy_of(tmp_path) == before


@pytest.mark.parametrize(
    ("begun", "expected"), [("", {"queries.parquet", "lists/s.parquet"}), ("queries.parquet", {"lists/s.parquet"})]
)
def test_tables_of_jobs_that_have_succeeded(tmp_path: Path, begun: str, expected: set[str]) -> None:
    """Those that Snakemake remembers, unless their job has begun again; of a model's folder, it does not know all."""
    for name in ("models/s/v/losses.parquet", "queries.parquet", "lists/s.parquet"):
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).touch()
    for folder, names in {"metadata": ["queries.parquet", "lists/s.parquet"], "incomplete": [begun]}.items():
        (tmp_path / ".snakemake" / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / ".snakemake" / folder / base64.urlsafe_b64encode(f"results/{name}".encode()).decode()).touch()
    assert {str(path.relative_to(tmp_path / "results")) for path in finished(tmp_path)} == expected
