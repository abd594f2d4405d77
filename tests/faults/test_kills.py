"""Stages and whole runs, killed at random moments: nothing half done is taken up, and the end is that of a quiet run."""

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import flow
import pytest
from forked_stage import start
from stage_commands import commands, content, outputs, remove

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
STOPPED = re.compile(
    r"listill \w+: stopped; run again to resume\Z|train: stopped after step .+; run again to resume .+\Z"
)


def check_stage(line: list[str], folder: Path, kills: int, draw: random.Random) -> tuple[int, int]:
    """Kill a stage again and again, then let it finish. Return how often it was killed, and how often it was faster."""
    made, said = outputs(line, folder), folder / "said"
    expected = [content(path) for path in made]
    remove(made)
    begin = time.monotonic()
    process = start(line, folder, said)
    process.join()
    duration = time.monotonic() - begin
    assert process.exitcode == 0, said.read_text()
    assert [content(path) for path in made] == expected
    remove(made)
    killed = 0
    for _ in range(kills):
        number = draw.choice(SIGNALS)
        process = start(line, folder, said)
        process.join(draw.uniform(0, duration))
        if process.is_alive():
            os.kill(process.pid or 0, number)
        process.join()
        assert [content(path) for path in made if path.exists()] == [
            value for path, value in zip(made, expected, strict=True) if path.exists()
        ]
        text = said.read_text()
        assert "Traceback" not in text, text
        assert process.exitcode in (0, -number, 128 + number), text
        killed += process.exitcode != 0
        if process.exitcode == 128 + number:
            assert STOPPED.search(text.strip()), text
            assert not list(folder.rglob(f"*.{process.pid}.tmp"))  # one of a SIGKILL before may still be there
        if process.exitcode == 0:
            remove(made)
    remove(made)
    process = start(line, folder, said)
    process.join()
    assert process.exitcode == 0, said.read_text()
    assert [content(path) for path in made] == expected
    left = [path for path in folder.rglob(".*") if path.name not in (".snakemake", ".scores")]
    assert left == []
    return killed, kills - killed


def check_stages(folder: Path, settings: dict[str, Any], kills: int) -> None:
    lines, draw = commands(folder, settings), random.Random(kills)
    assert len(lines) == 20
    counts = [check_stage(line, folder, kills, draw) for line in lines]
    killed = sum(killed for killed, _ in counts)
    print(f"{killed} kills of {len(lines)} stages; {sum(ended for _, ended in counts)} times the stage was faster")
    assert killed >= kills * len(lines) // 2


def test_every_stage_survives_kills(copy: Path, settings: dict[str, Any]) -> None:
    check_stages(copy, settings, kills=2)


@pytest.mark.slow
def test_every_stage_survives_many_kills(copy: Path, settings: dict[str, Any]) -> None:
    check_stages(copy, settings, kills=25)


def kill_run(folder: Path, settings: dict[str, Any], number: int, alone: bool, after: float) -> tuple[int, str]:
    """Start a run, send a signal to Snakemake ``alone`` or to all its jobs, too; return its status and what it said."""
    said = folder / "said"
    with open(said, "w") as file:
        process = subprocess.Popen(
            flow.command(folder, settings),
            cwd=folder,
            env=flow.environment(),
            start_new_session=True,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            (os.kill if alone else os.killpg)(process.pid, number)
        process.wait()
    return process.returncode, said.read_text()


@pytest.mark.slow
def test_runs_survive_kills(finished: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    """Of a killed Snakemake, the stages may still be running when the next run starts: it is refused, or they are."""
    draw, refused, stopped = random.Random(1), 0, 0
    for _ in range(40):
        number, alone = draw.choice(SIGNALS), draw.random() < 0.5
        status, said = kill_run(tmp_path, settings, number, alone, draw.uniform(3, 30))
        assert "Traceback" not in flow.logs(tmp_path), flow.logs(tmp_path)  # of the stages
        refused += "is writing it: wait for it to finish, or stop it" in said
        stopped += status != 0
        if status == 0:
            break
    print(f"{stopped} runs stopped, {refused} of them refused by a stage of an earlier one")
    for _ in range(100):  # until the stages of the last killed run have ended
        if flow.run(tmp_path, settings).returncode == 0:
            break
        time.sleep(1)
    assert not flow.scheduled(tmp_path, settings)
    flow.assert_same(flow.frames(finished, settings), flow.frames(tmp_path, settings))
    hidden = {path.name for path in (tmp_path / "results").rglob(".*")}
    assert hidden == {".scores"}
