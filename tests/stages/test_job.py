"""One run of a stage: what its outputs say of where they come from, and where its finished parts are kept."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from listill import tables
from listill.errors import UserError
from listill.stages.job import Job, StageSettings, versions

QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


class Settings(StageSettings):
    """Settings of a stage that is made up here; how fast it runs does not change what it writes."""

    size: int = 3
    speed: int = 1

    def identity(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"speed"})


def job(fingerprint: str = "f1") -> Job:
    return Job("score", fingerprint, {"c/corpus": "fc"}, Settings(), 1, "c")


def test_what_was_read_beside_the_inputs_changes_the_fingerprint() -> None:
    def fingerprint(*read: str) -> str:
        job = Job("x", "f", {}, Settings(), 1)
        for what in read:
            job.depends_on(what)
        return job.fingerprint

    assert len({fingerprint(), fingerprint("a"), fingerprint("b"), fingerprint("a", "b")}) == 4
    assert fingerprint("a") == fingerprint("a")


def test_the_identity_are_all_settings_unless_a_stage_says_otherwise() -> None:
    assert StageSettings(version=4).identity() == {"version": 4}
    assert Settings(size=5, speed=9).identity() == {"version": 1, "size": 5}


def test_models_that_are_used_are_noted_and_change_the_fingerprint() -> None:
    none, one, other = job(), job(), job()
    none.uses({})
    one.uses({"org/model": "commit 1"})
    other.uses({"org/model": "commit 2"})
    assert none.fingerprint == "f1"
    assert none.details == {}
    assert one.details == {"models": {"org/model": "commit 1"}}
    assert len({none.fingerprint, one.fingerprint, other.fingerprint}) == 3


def test_what_an_output_says_of_itself(tmp_path: Path) -> None:
    one = job()
    one.details["note"] = 5
    one.write(tmp_path / "qrels.parquet", "qrels", QRELS)
    about = tables.provenance(tmp_path / "qrels.parquet")
    assert (about.key, about.corpus, about.name) == ("qrels", "c", "c/qrels")
    assert (about.fingerprint, about.lineage) == ("f1", {"c/corpus": "fc"})
    assert about.details == {
        "stage": "score",
        "settings": {"version": 1, "size": 3, "speed": 1},  # all of them, the speed too
        "versions": versions(),
        "note": 5,
    }
    one.write(tmp_path / "other.parquet", "qrels", QRELS, "runs/x")
    assert tables.provenance(tmp_path / "other.parquet").name == "c/runs/x"


def test_versions_are_those_installed() -> None:
    found = versions()
    assert json.dumps(found)
    assert {"listill", "python", "torch", "bm25s"} <= found.keys()


# --- finished parts ---------------------------------------------------------------------------------------------------


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output in a corpus' results folder, two folders down."""
    (tmp_path / "c" / "config").mkdir(parents=True)
    return tmp_path / "c" / "lists" / "s.parquet"


def test_parts_survive_a_failure_and_go_with_success(out: Path) -> None:
    with pytest.raises(RuntimeError), job().work(out) as work:  # noqa: PT012
        assert work == out.parents[1] / ".work" / "score-f1"
        (work / "part").write_text("done")
        raise RuntimeError
    with pytest.raises(RuntimeError), job("f2").work(out) as work:  # noqa: PT012
        assert not (work / "part").exists()  # made with other settings
        raise RuntimeError
    with job().work(out) as work:
        assert (work / "part").read_text() == "done"
    assert [folder.name for folder in (out.parents[1] / ".work").iterdir()] == ["score-f2"]
    with job("f2").work(out):
        pass
    assert not (out.parents[1] / ".work").exists()


def test_parts_of_a_run_by_hand_lie_beside_its_output(tmp_path: Path) -> None:
    with job().work(tmp_path / "out.parquet") as work:
        assert work == tmp_path / ".work" / "score-f1"
    assert list(tmp_path.iterdir()) == []


def test_a_lock_keeps_a_second_process_out(out: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from listill.stages.job import Job, StageSettings\n"
        "with Job('score', 'f1', {}, StageSettings(), 1).work(Path(sys.argv[1])) as work:\n"
        "    (work / 'part').write_text('done'); print('in', flush=True); sys.stdin.read()\n"
    )
    command_line = [sys.executable, "-c", code, str(out)]
    with subprocess.Popen(command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with pytest.raises(UserError, match="score-f1: another process is at work on this"), job().work(out):
            raise AssertionError("must not get in")
        with job("f2").work(out):
            pass
        other.kill()
    with job().work(out) as work:  # the lock went with the process, the part stayed
        assert (work / "part").read_text() == "done"
