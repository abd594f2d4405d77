"""Stages and whole runs, killed at random moments: nothing half done is taken up, and the end is that of a quiet run.

``python tests/kills`` does the same with all stages, a server and shards, as often as wanted.
"""

import random
import time
from pathlib import Path
from typing import Any

import flow
import pytest
from stage_commands import commands

from kills.killed_run import kill_run
from kills.killed_stage import SIGNALS, Stage, Tally, check_stage


def check_stages(folder: Path, settings: dict[str, Any], kills: int) -> None:
    lines, draw = commands(folder, settings), random.Random(kills)
    assert len(lines) == 20
    stages = [Stage(line, folder) for line in lines]
    for stage in stages:
        check_stage(stage, kills, draw)
    tally = sum((stage.tally for stage in stages), Tally())
    print(f"{tally.kills} kills of {len(lines)} stages; {tally.faster} times the stage was faster")
    assert tally.kills >= kills * len(lines) // 2


def test_every_stage_survives_kills(copy: Path, settings: dict[str, Any]) -> None:
    check_stages(copy, settings, kills=2)


@pytest.mark.slow
def test_every_stage_survives_many_kills(copy: Path, settings: dict[str, Any]) -> None:
    check_stages(copy, settings, kills=25)


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
