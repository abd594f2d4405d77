"""A stage that outlives its Snakemake: it neither replaces newer results nor runs beside the newer stage."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import flow
import pandas as pd

MINE = b"listill.stages.mine"


def processes(folder: Path, of: bytes) -> list[int]:
    """Return the numbers of the Python processes in ``folder`` whose command line has these words."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if of in words and words[0].endswith(b"python") and Path(os.readlink(process / "cwd")) == folder:
                found.append(int(process.name))
        except OSError:  # it has ended
            continue
    return found


def ended(number: int) -> bool:
    try:
        return (Path("/proc") / str(number) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_the_stage_of_a_killed_run_does_not_replace_newer_candidates(settings: dict[str, Any], tmp_path: Path) -> None:
    """Snakemake is killed while its `mine` is at work (held up by SIGSTOP); then the depth is changed."""
    table = flow.results(tmp_path) / "candidates.parquet"
    deep, flat = settings, flow.changed(settings, "mining", {"depth": 6, "consistency": {"top": 6}})
    terminal = tmp_path / "terminal"
    with open(terminal, "w") as file:
        process = subprocess.Popen(
            flow.command(tmp_path, deep, "candidates"),
            cwd=tmp_path,
            env=flow.environment(),
            start_new_session=True,
            stdout=file,
            stderr=file,
        )
    try:
        while not list(table.parent.glob(".candidates.parquet.*.tmp")):
            assert process.poll() is None
            time.sleep(0.002)
        (old,) = processes(tmp_path, MINE)
        os.kill(old, signal.SIGSTOP)
        process.kill()
        process.wait()
        refused = flow.run(tmp_path, flat, "candidates")
        assert refused.returncode != 0
        said = refused.stdout + refused.stderr
        assert said.count(f"candidates.parquet: process {old} on ") == 1
        assert "is writing it: wait for it to finish, or stop it" in said
        assert not table.exists()
        os.kill(old, signal.SIGCONT)
        while not ended(old):
            time.sleep(0.05)
        assert not table.exists()
        (line,) = [line for line in terminal.read_text().splitlines() if "listill mine: error: " in line]
        assert "candidates.parquet: not written: " in line
        assert "config/candidates.json has changed since this stage was started; run again" in line
    finally:
        os.killpg(process.pid, signal.SIGKILL) if processes(tmp_path, MINE) else None
    flow.make(tmp_path, flat, "candidates")
    assert pd.read_parquet(table)["rank"].max() == 6
    assert not flow.scheduled(tmp_path, flat, "candidates")
    assert not list(table.parent.glob(".candidates*"))
