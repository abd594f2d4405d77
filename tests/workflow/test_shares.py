"""encoding.shards and teacher.shards in the real Snakefile: several jobs make the table of one, and a finished run stays."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import forked_stage
import pandas as pd
import pytest

PARTS = {"listill.teachers.parts.PART": 64, "listill.retrieval.embeddings.PART": 8}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folders of a run with one job and of one with several; a stage has several parts."""
    for name, value in PARTS.items():
        monkeypatch.setitem(forked_stage.CONSTANTS, name, value)
    return tmp_path / "one", tmp_path / "several"


def test_scores_of_shares(settings: dict[str, Any], folders: tuple[Path, Path]) -> None:
    one, several = folders
    flow.make(one, settings, "scores")
    shutil.copytree(one, several)
    shutil.rmtree(flow.results(several) / ".scores")
    (flow.results(several) / "scores.parquet").unlink()
    shared = flow.changed(settings, "teacher.shards", 2)
    assert flow.scheduled(several, shared, "scores") == {"score_share": 2, "score_candidates": 1}
    flow.make(several, shared, "scores")
    tables = [pd.read_parquet(flow.results(folder) / "scores.parquet") for folder in folders]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    stored = [{path.relative_to(folder) for path in folder.rglob("*.scores")} for folder in folders]
    assert stored[0] == stored[1]
    # Each share has scored a part of the pairs; the last job has found them all.
    logs = flow.results(several) / "logs"
    teachers = tables[0]["teacher"].nunique()
    pairs = len(tables[0]) // teachers
    assert (logs / "scores.log").read_text().count(f"{pairs} of {pairs} pairs have been scored before") == teachers
    assert {path.name for path in logs.glob("scores*")} == {"scores.log", "scores.1-of-2.log", "scores.2-of-2.log"}
    assert not list(flow.results(several).glob("scored*"))
    # With other numbers of shares, nothing is to be done, and new candidates are shared.
    for shards in (1, 2, 3):
        assert not flow.scheduled(several, flow.changed(settings, "teacher.shards", shards), "scores")
    wider = flow.changed(flow.changed(settings, "teacher.shards", 3), "mining.depth", 9)
    assert flow.scheduled(several, wider, "scores")["score_share"] == 3


def test_embeddings_of_shares(settings: dict[str, Any], folders: tuple[Path, Path]) -> None:
    one, several = folders
    flow.make(one, settings, "corpus")
    shutil.copytree(one, several)
    shared = flow.changed(settings, "encoding.shards", 2)
    targets = [f"results/{flow.CORPUS}/{kind}/{flow.STUDENT}.parquet" for kind in ("embeddings", "tokens")]
    assert flow.scheduled(several, shared, *targets) >= Counter({"encode_share": 2, "encode_corpus": 1})
    flow.make(one, settings, *targets)
    flow.make(several, shared, *targets)
    for target in targets:
        assert (one / target).read_bytes() == (several / target).read_bytes()
    log = flow.results(several) / "logs" / f"encode.{flow.STUDENT}.1-of-2.log"
    assert log.is_file()
    assert not list(flow.results(several).glob("encoded*"))
    assert not (flow.results(several) / ".work").exists()
    # With other numbers of shares, nothing is to be done; other embeddings are shared.
    for shards in (1, 2, 3):
        assert not flow.scheduled(several, flow.changed(settings, "encoding.shards", shards), *targets)
    other = flow.changed(flow.changed(settings, "encoding.shards", 3), f"students.{flow.STUDENT}.max_length", 40)
    assert flow.scheduled(several, other, *targets)["encode_share"] == 3


@pytest.mark.parametrize(
    ("key", "table", "jobs"),
    [
        ("teacher.shards", "scores", {"score_share": 2, "score_candidates": 1}),
        ("encoding.shards", f"embeddings/{flow.STUDENT}", {"encode_share": 2, "encode_corpus": 1}),
    ],
)
def test_more_shares_rerun_nothing_but_the_report(
    finished: Path, copied: Callable[[], Path], settings: dict[str, Any], key: str, table: str, jobs: dict[str, int]
) -> None:
    shared = flow.changed(settings, key, 2)
    assert flow.scheduled(finished, shared) == {"stage_settings": 1, "write_report": 1}
    folder = copied()
    (flow.results(folder) / f"{table}.parquet").unlink()
    assert flow.scheduled(folder, shared, f"results/{flow.CORPUS}/{table}.parquet") == jobs
