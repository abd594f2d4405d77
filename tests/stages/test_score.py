"""The score command with two rerankers: interrupted, resumed, and with a full disk."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import forked_stage
import numpy as np
import pandas as pd
import pytest

import tiny
import tiny_rerankers
from listill import tables
from listill.schemas import SCHEMAS
from listill.stages.score import ScoreStage

DOCUMENTS = tiny.tiny_documents(30)
QUERIES = [f"q{i:02}" for i in range(20)]


def write(folder: Path, name: str, data: dict[str, Any]) -> None:
    frame = pd.DataFrame(data).reindex(columns=SCHEMAS[name].names).astype(object)
    about = tables.Provenance(name, tables.digest(name))
    tables.write(folder / f"{name}.parquet", name, frame.where(frame.notna(), None), about)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder up to the candidates, and the settings of two teachers with their own models."""
    folder = tmp_path_factory.mktemp("scores")
    ids = [row["_id"] for row in DOCUMENTS]
    texts = {"title": [row["title"] for row in DOCUMENTS], "text": [row["text"] for row in DOCUMENTS]}
    write(folder, "corpus", {"doc_id": ids, **texts})
    queries = {"query_id": QUERIES, "text": [row["title"] for row in DOCUMENTS[:20]], "doc_id": ids[:20]}
    write(folder, "queries", {**queries, "type": "title", "split": "train"})
    pool = [(query, doc, "bm25", rank) for i, query in enumerate(QUERIES) for rank, doc in enumerate(ids[i : i + 9], 1)]
    # Two retrievers find the same documents; each pair must still be scored once.
    pool += [(query, doc, "dense", rank) for query, doc, _, rank in pool]
    columns = ["query_id", "doc_id", "retriever", "rank"]
    write(folder, "candidates", dict(zip(columns, zip(*pool, strict=True), strict=True)))
    cross = tiny_rerankers.bert_classifier(folder / "models" / "bert")
    t5 = tiny_rerankers.t5(folder / "models" / "t5")
    members = {
        "first": {"kind": "cross_encoder", "model": str(cross), "max_length": 128, "precision": "fp32"},
        "second": {"kind": "t5", "model": str(t5), "format": "rankt5", "precision": "fp32"},
    }
    (folder / "config").mkdir()
    (folder / "config" / "scores.json").write_text(ScoreStage(members=members).model_dump_json())
    return folder


def command(made: Path, out: Path, program: str = "from listill.stages.score import *") -> list[str]:
    """Return the command line, which runs the Python code ``program`` before the stage."""
    program += "; main(run, ScoreStage, 'score')"
    files = [f"--{name}={made / name}.parquet" for name in ("corpus", "queries", "candidates")]
    return [
        sys.executable,
        "-c",
        program,
        f"--config={made / 'config/scores.json'}",
        *files,
        f"--out={out}",
        "--threads=1",
    ]


def run_command(made: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return forked_stage.run(command(made, out), made)


@pytest.fixture(scope="module")
def whole(made: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("whole") / "scores.parquet"
    process = run_command(made, out)
    assert process.returncode == 0, process.stderr
    return tables.read(out, "scores")


def test_each_pair_once_for_each_teacher(whole: pd.DataFrame) -> None:
    assert whole["teacher"].value_counts().to_dict() == {"first": 180, "second": 180}
    assert not whole.duplicated(["query_id", "doc_id", "teacher"]).any()
    assert np.isfinite(whole["score"]).all()
    assert (whole.groupby("teacher")["score"].std() > 0.05).all()  # raw scores, each teacher with its own scale


# Small parts, so that each teacher has several of them.
SMALL = "import listill.teachers.parts as parts; parts.PART = 40; from listill.stages.score import *"


def parts_of(folder: Path, kind: str) -> list[Path]:
    """Return the stored parts of the teacher of this kind."""
    stores = [
        about.parent for about in folder.glob(".scores/*/*/about.json") if f'"kind": "{kind}"' in about.read_text()
    ]
    return [path for store in stores for path in store.glob("*.scores")]


def test_a_run_killed_in_the_second_teacher_is_resumed(made: Path, whole: pd.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    slow = f"{SMALL}; import time, listill.teachers.kinds.t5 as t5; original = t5.T5.forward"
    slow += "; t5.T5.forward = lambda *a: (time.sleep(0.3), original(*a))[1]"
    process = subprocess.Popen(command(made, out, slow), stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(parts_of(tmp_path, "t5")) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(parts_of(tmp_path, "cross_encoder")) == 5
    assert 2 <= (kept := len(parts_of(tmp_path, "t5"))) < 5
    assert not out.exists()
    resumed = forked_stage.run(command(made, out, SMALL), made)
    assert resumed.returncode == 0, resumed.stderr
    assert "teacher first: 180 of 180 pairs have been scored before" in resumed.stderr
    assert f"teacher second: {36 * kept} of 180 pairs have been scored before" in resumed.stderr
    assert "models/bert: kind cross_encoder" not in resumed.stderr  # the first model is not loaded again
    scores = tables.read(out, "scores")
    keys = ["teacher", "query_id", "doc_id"]
    assert scores[keys].equals(whole[keys])
    np.testing.assert_allclose(scores["score"], whole["score"], atol=1e-3)
    assert len(parts_of(tmp_path, "cross_encoder")) == len(parts_of(tmp_path, "t5")) == 5  # kept after success
    assert not (tmp_path / ".work").exists()


def test_a_full_disk_gives_one_message_and_keeps_finished_parts(
    made: Path, whole: pd.DataFrame, tmp_path: Path
) -> None:
    """/dev/full accepts no data; it replaces the disk when the second teacher writes its third part."""
    out = tmp_path / "scores.parquet"
    full = f"{SMALL}; import contextlib, pathlib; from listill import tables; atomic = tables.atomic"
    full += "; fits = lambda path: path.suffix != '.scores' or next(writes) < 7"
    full += "; writes = iter(range(99)); device = contextlib.nullcontext(pathlib.Path('/dev/full'))"
    full += "; tables.atomic = lambda path: atomic(path) if fits(path) else device"
    process = forked_stage.run(command(made, out, full), made)
    assert process.returncode == 1
    (error,) = [line for line in process.stderr.splitlines() if "error:" in line]
    assert error.startswith(f"listill score: error: {out}: cannot be written: No space left on device")
    assert error.endswith("make room or make it writable, and run again; finished parts are kept")
    assert "Traceback" not in process.stderr
    assert len(parts_of(tmp_path, "cross_encoder")) == 5
    assert len(parts_of(tmp_path, "t5")) == 2
    resumed = forked_stage.run(command(made, out, SMALL), made)
    assert resumed.returncode == 0, resumed.stderr
    assert "teacher second: 72 of 180 pairs have been scored before" in resumed.stderr
    assert len(tables.read(out, "scores")) == len(whole)


def test_parts_of_a_replaced_model_are_not_reused(made: Path, whole: pd.DataFrame, tmp_path: Path) -> None:
    """A model that is trained again under the same name has another identity."""
    folder, out = Path(shutil.copytree(made, tmp_path / "made")), tmp_path / "scores.parquet"
    config = folder / "config/scores.json"
    config.write_text(config.read_text().replace(str(made), str(folder)))
    assert run_command(folder, out).returncode == 0
    before = tables.provenance(out)
    shutil.rmtree(folder / "models/bert")
    tiny_rerankers.bert_classifier(folder / "models/bert", seed=5)
    assert run_command(folder, out).returncode == 0
    after = tables.provenance(out)
    assert before.fingerprint != after.fingerprint
    assert before.details["models"].keys() == {"first", "second"}
    assert before.details["models"]["second"] == after.details["models"]["second"]
    assert before.details["models"]["first"] != after.details["models"]["first"]
    scores = tables.read(out, "scores")
    is_equal = scores["score"].to_numpy() == whole["score"].to_numpy()
    assert is_equal[scores["teacher"] == "second"].mean() > 0.9
    assert is_equal[scores["teacher"] == "first"].mean() < 0.1


def test_all_models_are_checked_before_the_first_one_is_run(made: Path, tmp_path: Path) -> None:
    config = tmp_path / "scores.json"
    cross = {"kind": "cross_encoder", "model": str(made / "models/bert"), "max_length": 128}
    config.write_text(ScoreStage(members={"a": cross, "b": {**cross, "model": "/nowhere/model"}}).model_dump_json())
    line = [*command(made, tmp_path / "scores.parquet"), f"--config={config}"]
    process = forked_stage.run(line, made)
    assert "model /nowhere/model: no such folder" in process.stderr
    assert "models/bert: kind cross_encoder" not in process.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "/nowhere/model"}, "model /nowhere/model: no such folder"),
        ({"kind": "t5", "format": "rankt5"}, "is not of kind t5; set kind: cross_encoder"),
    ],
)
def test_a_teacher_that_cannot_be_loaded(made: Path, tmp_path: Path, change: dict[str, str], message: str) -> None:
    cross = {"kind": "cross_encoder", "model": str(made / "models/bert"), "max_length": 128, **change}
    stage = ScoreStage(members={"reranker": cross})
    config = tmp_path / "scores.json"
    config.write_text(stage.model_dump_json())
    line = [*command(made, tmp_path / "scores.parquet"), f"--config={config}"]
    process = forked_stage.run(line, made)
    assert process.returncode == 1
    assert message in process.stderr
    assert "Traceback" not in process.stderr
    assert not (tmp_path / "scores.parquet").exists()
