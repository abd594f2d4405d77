"""One run of a stage: the provenance of its outputs, and the folder for its finished parts."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listill import tables
from listill.errors import UserError
from listill.stages.job import Job, StageSettings, fingerprint, score_folder, versions

QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


class Settings(StageSettings):
    """Settings of a made-up stage; ``speed`` does not affect its outputs."""

    size: int = 3
    speed: int = 1

    def identity(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"speed"})


def job(fingerprint: str = "f1") -> Job:
    return Job("score", fingerprint, {"c/corpus": "fc"}, Settings(), 1, "c")


def test_depends_on_changes_the_fingerprint() -> None:
    def fingerprint(*data: str) -> str:
        job = Job("x", "f", {}, Settings(), 1)
        for item in data:
            job.depends_on(item)
        return job.fingerprint

    assert len({fingerprint(), fingerprint("a"), fingerprint("b"), fingerprint("a", "b")}) == 4
    assert fingerprint("a") == fingerprint("a")


def test_the_identity_has_all_settings_unless_a_stage_excludes_some() -> None:
    assert StageSettings(version=4).identity() == {"version": 4}
    assert Settings(size=5, speed=9).identity() == {"version": 1, "size": 5}


def test_models_are_recorded_and_change_the_fingerprint() -> None:
    none, one, other = job(), job(), job()
    none.uses({})
    one.uses({"org/model": "commit 1"})
    other.uses({"org/model": "commit 2"})
    assert none.fingerprint == "f1"
    assert none.details == {}
    assert one.details == {"models": {"org/model": "commit 1"}}
    assert len({none.fingerprint, one.fingerprint, other.fingerprint}) == 3


def test_provenance_of_an_output(tmp_path: Path) -> None:
    this_job = job()
    this_job.details["note"] = 5
    this_job.write(tmp_path / "qrels.parquet", "qrels", QRELS)
    about = tables.provenance(tmp_path / "qrels.parquet")
    assert (about.key, about.corpus, about.name) == ("qrels", "c", "c/qrels")
    assert (about.fingerprint, about.lineage) == ("f1", {"c/corpus": "fc"})
    assert about.details == {
        "stage": "score",
        "settings": {
            "version": 1,
            "size": 3,
            "speed": 1,
        },  # all settings, including those that are not part of the identity
        "versions": versions(),
        "note": 5,
    }
    this_job.write(tmp_path / "other.parquet", "qrels", QRELS, "runs/x")
    assert tables.provenance(tmp_path / "other.parquet").name == "c/runs/x"


def test_versions_of_installed_packages() -> None:
    installed = versions()
    assert json.dumps(installed)
    assert {"listill", "python", "torch", "bm25s"} <= installed.keys()


# --- finished parts ---------------------------------------------------------------------------------------------------


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output in a subfolder of a corpus' results folder."""
    (tmp_path / "c" / "config").mkdir(parents=True)
    return tmp_path / "c" / "lists" / "s.parquet"


def test_parts_are_kept_after_a_failure_and_removed_after_success(out: Path) -> None:
    with pytest.raises(RuntimeError), job().work(out) as work:  # noqa: PT012
        assert work == out.parents[1] / ".work" / "score-f1"
        (work / "part").write_text("done")
        raise RuntimeError
    with pytest.raises(RuntimeError), job("f2").work(out) as work:  # noqa: PT012
        assert not (work / "part").exists()  # made with other settings
        raise RuntimeError
    with job().work(out) as work:
        assert (work / "part").read_text() == "done"
    assert not (out.parents[1] / ".work").exists()


def test_parts_of_other_settings_are_removed_after_success(out: Path) -> None:
    """Those of the same output, unless a process uses them; those of another output are kept."""
    other_output = out.with_name("other.parquet")
    for other, output in (("f1", out), ("f2", other_output), ("f3", out)):
        with pytest.raises(RuntimeError), job(other).work(output):
            raise RuntimeError
    folder = out.parents[1] / ".work"
    with open(folder / "score-f3" / "lock", "w") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        with job("f4").work(out):
            pass
        assert sorted(path.name for path in folder.iterdir()) == ["score-f2", "score-f3"]
    with job("f4").work(out):
        pass
    assert [path.name for path in folder.iterdir()] == ["score-f2"]
    with job("f2").work(other_output):
        pass
    assert not folder.exists()


@pytest.mark.parametrize("place", [".work", ".work/score-f1", ".work/score-f1/lock"])
def test_what_is_in_the_place_of_a_folder_or_lock_is_removed(
    out: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = out.parents[1] / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if path.name == "lock" else path.write_text("x")
    with job().work(out) as work:
        (work / "part").write_text("done")
    assert caplog.messages == [f"{path}: this file is damaged and is removed; it is made again"]
    assert not (out.parents[1] / ".work").exists()


def test_parts_are_next_to_an_output_outside_a_results_folder(tmp_path: Path) -> None:
    with job().work(tmp_path / "out.parquet") as work:
        assert work == tmp_path / ".work" / "score-f1"
    assert list(tmp_path.iterdir()) == []


def test_all_rounds_share_stored_scores_and_so_do_gate_and_rerank(out: Path, tmp_path: Path) -> None:
    results = out.parents[1]
    candidates = [
        score_folder(results / name, "candidates") for name in ("scores.parquet", "round2/s.v/scores.parquet")
    ]
    assert candidates == [results / ".scores/candidates"] * 2
    evaluation = [score_folder(results / name, "evaluation") for name in ("gate.parquet", "runs/teacher.parquet")]
    assert evaluation == [results / ".scores/evaluation"] * 2
    outside = score_folder(tmp_path / "elsewhere" / "out.parquet", "candidates")
    assert outside == tmp_path / "elsewhere" / ".scores/candidates"


def test_a_lock_keeps_out_a_second_process(out: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from listill.stages.job import Job, StageSettings\n"
        "with Job('score', 'f1', {}, StageSettings(), 1).work(Path(sys.argv[1])) as work:\n"
        "    (work / 'part').write_text('done'); print('in', flush=True); sys.stdin.read()\n"
    )
    command_line = [sys.executable, "-c", code, str(out)]
    with subprocess.Popen(command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with pytest.raises(UserError, match=r"score-f1: process \d+ on .* is writing it"), job().work(out):
            raise AssertionError("the lock must refuse this")
        with job("f2").work(out):
            pass
        other.kill()
    with job().work(out) as work:  # the lock ended with the process; the part was kept
        assert (work / "part").read_text() == "done"


def test_jobs_that_end_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another job removes the folder of all finished parts, which is empty, while this one looks for earlier parts."""

    def glob(root: Path, pattern: str) -> Iterator[Path]:
        if pattern == "score-*":
            root.rmdir()
            yield from map(Path, os.listdir(root))

    monkeypatch.setattr(Path, "glob", glob)
    with job().work(tmp_path / "scores.parquet") as folder:
        pass
    assert not folder.parent.exists()


def test_shares_of_a_stage_put_their_parts_where_it_looks_for_them(out: Path) -> None:
    """Several at the same time, but each share only once; the stage waits for none, and removes the parts at its end."""
    share = job("of the share")
    whole = Job("score", fingerprint("score", share.settings, share.lineage), share.lineage, share.settings, 1)
    with share.share("score", out, "1-of-2") as one, share.share("score", out, "2-of-2") as two:
        (one / "0").write_text("done")
        assert one == two
        for stage in (share.share("score", out, "2-of-2"), whole.work(out)):
            with pytest.raises(UserError, match=r"is writing it"), stage:
                raise AssertionError("the lock must refuse this")
    with whole.work(out) as work:
        assert (work / "0").read_text() == "done"
        assert {path.name for path in work.iterdir()} == {"0", "lock", "output"}
    assert not (out.parents[1] / ".work").exists()


def test_parts_of_shares_with_other_settings_are_removed_after_success_unless_a_share_is_at_work(out: Path) -> None:
    share = job()
    with share.share("score", out, "1-of-2"):
        with job("f4").work(out):
            pass
        assert len(list((out.parents[1] / ".work").iterdir())) == 1
    with job("f4").work(out):
        pass
    assert not (out.parents[1] / ".work").exists()
