"""What a run shows: one display, and the results in its last lines."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow


def test_the_last_lines_are_the_results(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    folder = copied()
    (flow.results(folder) / "report.html").unlink()
    done = flow.run(folder, settings)
    model = next((flow.results(folder) / "models" / flow.STUDENT).glob("*/modules.json")).parent
    lines = done.stdout.splitlines()
    assert lines[1] == "tiny, test: 20 test topics"
    verdict = next(i for i, line in enumerate(lines) if "nDCG@10 (" in line and not line.startswith(" "))
    places = lines.index(f"the page: {flow.results(folder)}/report.html")
    assert verdict < places
    named = re.fullmatch(rf"the model (small\.\w+): ({model.parent}/\w+)", lines[places + 1])
    assert named
    assert f'  model = SentenceTransformer("{named[2]}")' in lines[places + 2 :]
    assert lines.count(lines[places]) == 1
    # The page alone is made: one step, which is named; what writes settings or belongs to Snakemake is not shown.
    assert re.sub(r"\d:\d\d", "0:00", done.stderr).splitlines()[2:] == [
        "1 step; to stop: Ctrl-C, then run the same command again to resume",
        "tiny report: started",
        "[1 of 1] tiny report: done in 0:00",
        "1 step in 0:00",
    ]
    again = flow.run(folder, settings)
    assert again.stdout == done.stdout
    assert again.stderr.splitlines()[-1] == "nothing to do: all files are there and up to date"


def test_another_target_names_its_files(finished: Path, settings: dict[str, Any]) -> None:
    done = flow.run(finished, settings, "corpus")
    names = ("corpus", "heldout", "qrels", "topics")
    assert done.stdout.splitlines()[1:] == ["files:", *(f"  results/tiny/{name}.parquet" for name in names)]


def test_touch_has_no_last_lines(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """Nothing is run: whether the results are up to date is not known."""
    folder = copied()
    said = flow.make(folder, settings, "corpus", "--touch", "--forceall")
    assert "files:" not in said
    assert "0 steps in" not in said


def test_snakemakes_own_messages_on_request(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    folder = copied()
    (flow.results(folder) / "report.html").unlink()
    said = flow.make(folder, settings, "--quiet", "host")
    assert "rule write_report:" in said
    assert "the page: " in said


def test_ctrl_c_says_how_to_resume(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    folder = copied()
    (flow.results(folder) / "candidates.parquet").unlink()
    log = flow.results(folder) / "logs/candidates.log"
    log.unlink()
    line = flow.command(folder, settings, "candidates")
    # As in a terminal, also if the tests were started in the background, where Ctrl-C is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        line, cwd=folder, env=flow.environment(), start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    while not log.exists() and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 1
    assert said.splitlines()[2:] == [
        "1 step; to stop: Ctrl-C, then run the same command again to resume",
        "tiny candidates: started",
        "stopping: tiny candidates",
        "stopped: 0 of 1 steps are done; run the same command again to resume",
    ]
    assert "listill mine: stopped; run again to resume" in log.read_text()
    flow.make(folder, settings, "candidates")
