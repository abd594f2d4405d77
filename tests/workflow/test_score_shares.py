"""teacher.shards through the real Snakefile: the scores of several jobs are those of one, and a finished run stays."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import forked_stage
import pandas as pd
import pytest

SHARES = {"listill.teachers.parts.PART": 64}


def test_scores_of_shares(settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SHARES.items():
        monkeypatch.setitem(forked_stage.CONSTANTS, name, value)
    one, two = tmp_path / "one", tmp_path / "two"
    flow.make(one, settings, "scores")
    shutil.copytree(one, two)
    shutil.rmtree(flow.results(two) / ".scores")
    (flow.results(two) / "scores.parquet").unlink()
    shared = flow.changed(settings, "teacher.shards", 2)
    assert flow.scheduled(two, shared, "scores") == {"score_share": 2, "score_candidates": 1}
    flow.make(two, shared, "scores")
    tables = [pd.read_parquet(flow.results(folder) / "scores.parquet") for folder in (one, two)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    stored = [{path.relative_to(folder) for path in folder.rglob("*.scores")} for folder in (one, two)]
    assert stored[0] == stored[1]
    # Each share has scored a part of the pairs; the last job has found them all.
    logs = flow.results(two) / "logs"
    teachers = tables[0]["teacher"].nunique()
    pairs = len(tables[0]) // teachers
    assert (logs / "scores.log").read_text().count(f"{pairs} of {pairs} pairs have been scored before") == teachers
    assert {path.name for path in logs.glob("scores*")} == {"scores.log", "scores.1-of-2.log", "scores.2-of-2.log"}
    assert not list(flow.results(two).glob("scored*"))
    # With other numbers of shares, nothing is to be done, and new candidates are shared.
    for shards in (1, 2, 3):
        assert not flow.scheduled(two, flow.changed(settings, "teacher.shards", shards), "scores")
    wider = flow.changed(flow.changed(settings, "teacher.shards", 3), "mining.depth", 9)
    assert flow.scheduled(two, wider, "scores")["score_share"] == 3


def test_more_shares_rerun_nothing_but_the_report(
    finished: Path, copied: Callable[[], Path], settings: dict[str, Any]
) -> None:
    shared = flow.changed(settings, "teacher.shards", 2)
    assert flow.scheduled(finished, shared) == {"stage_settings": 1, "write_report": 1}
    folder = copied()
    (flow.results(folder) / "scores.parquet").unlink()
    assert flow.scheduled(folder, shared, "scores") == {"score_share": 2, "score_candidates": 1}
