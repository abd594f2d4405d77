"""What all stage commands share."""

import importlib
import json
import logging
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

import listill.stages
from listill import tables
from listill.errors import UserError
from listill.frozen import canonical
from listill.stages import command
from listill.stages.command import In, Ins, Job, MaybeIn, Out, StageSettings

NAMES = sorted(module.name for module in pkgutil.iter_modules(listill.stages.__path__) if module.name != "command")
QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


class Settings(StageSettings):
    """Settings of a stage that is made up here."""

    size: int = 3


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands set threads and logging for their process, which here is that of all tests."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, os.environ.get(name, "2"))
    root, level = logging.getLogger(), logging.getLogger("listill").level
    handlers, root_level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(root_level)
    logging.getLogger("listill").setLevel(level)


def stage(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", f"listill.stages.{name}", *options], capture_output=True, text=True)


@pytest.mark.parametrize("name", NAMES)
def test_help(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"listill.stages.{name}")
    hints = get_type_hints(module.run, include_extras=True)
    parser = command._parser(module.run, hints, name)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python -m listill.stages.{name} ")
    assert (module.__doc__ or "").strip().splitlines()[0] in text
    files = [parameter for parameter, hint in hints.items() if command._role(hint)]
    assert files
    for option in ["config", "threads", "log", *files]:
        assert f"--{option.replace('_', '-')} " in text


@pytest.mark.parametrize("name", ["fuse", "mine"])
def test_help_from_the_shell(name: str) -> None:
    done = stage(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m listill.stages.{name} ")


def call(monkeypatch: pytest.MonkeyPatch, run: object, *options: object) -> None:
    monkeypatch.setattr(sys, "argv", ["stage", *map(str, options)])
    command.main(run, Settings, "made_up")  # type: ignore[arg-type]


def ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, run: object, *options: object) -> str:
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, run, *options)
    assert stop.value.code == 1
    return capsys.readouterr().err


def test_a_stage_gets_settings_files_and_a_fingerprint_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Job] = []

    def run(settings: Settings, job: Job, one: In, many: Ins, out: Out, maybe: MaybeIn = None) -> None:
        """A stage."""
        assert (settings.size, many, maybe, job.threads) == (
            7,
            [tmp_path / "b.parquet", tmp_path / "c.parquet"],
            None,
            1,
        )
        job.details["note"] = 5
        job.write(out, "qrels", QRELS, "qrels/x")
        seen.append(job)

    for name, lineage in [("a", {}), ("b", {"a": "fa"}), ("c", {})]:
        tables.write(tmp_path / f"{name}.parquet", "qrels", QRELS, tables.Provenance(name, f"f{name}", lineage))
    (tmp_path / "c.json").write_text('{"size": 7}')
    options = ["--one", tmp_path / "a.parquet", "--many", tmp_path / "b.parquet", tmp_path / "c.parquet"]
    options += ["--threads", "1", "--log", tmp_path / "logs" / "x.log", "--out", tmp_path / "out.parquet"]
    call(monkeypatch, run, "--config", tmp_path / "c.json", *options)
    about = tables.provenance(tmp_path / "out.parquet")
    assert (about.key, about.lineage) == ("qrels/x", {"a": "fa", "b": "fb", "c": "fc"})
    assert about.details["stage"] == "made_up"
    assert about.details["settings"] == {"version": 1, "size": 7}
    assert about.details["note"] == 5
    assert about.details["versions"]["pyarrow"]
    assert about.fingerprint == tables.digest(canonical(["made_up", {"version": 1, "size": 7}, about.lineage]))
    assert (tmp_path / "logs" / "x.log").exists()
    call(monkeypatch, run, "--config", tmp_path / "c.json", *options)
    assert seen[1].fingerprint == seen[0].fingerprint
    tables.write(tmp_path / "c.parquet", "qrels", QRELS, tables.Provenance("c", "fc2"))
    call(monkeypatch, run, "--config", tmp_path / "c.json", *options)
    assert seen[2].fingerprint != seen[0].fingerprint


def test_what_was_read_beside_the_inputs_changes_the_fingerprint() -> None:
    def fingerprint(*read: str) -> str:
        job = Job("x", "f", {}, Settings(), 1)
        for what in read:
            job.depends_on(what)
        return job.fingerprint

    assert len({fingerprint(), fingerprint("a"), fingerprint("b"), fingerprint("a", "b")}) == 4
    assert fingerprint("a") == fingerprint("a")


def test_a_user_error_is_one_line_and_exit_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        raise UserError("mend this")

    log = tmp_path / "x.log"
    error = ended(capsys, monkeypatch, run, "--out", "x", "--log", log)
    assert error == "listill made_up: error: mend this\n"
    assert log.read_text() == error
    with pytest.raises(UserError, match="mend this"):
        call(monkeypatch, run, "--out", "x", "--debug")


def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        with open("/dev/full", "w") as full:
            full.write("x")

    error = ended(capsys, monkeypatch, run, "--out", tmp_path / "x.parquet")
    assert error.startswith(f"listill made_up: error: {tmp_path}: no space is left on the disk")
    assert error.count("\n") == 1


def test_other_errors_of_the_system_have_their_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        raise PermissionError(13, "made up")

    assert "PermissionError" in ended(capsys, monkeypatch, run, "--out", "x")


def test_any_other_error_has_its_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        raise ZeroDivisionError("oh")

    error = ended(capsys, monkeypatch, run, "--out", "x")
    assert error.startswith("listill made_up: this should not have happened\nTraceback")
    assert "ZeroDivisionError: oh" in error


def test_inputs_are_checked_before_the_stage_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, one: In, many: Ins, out: Out) -> None:
        """A stage."""
        raise AssertionError("must not run")

    there = tmp_path / "a.parquet"
    tables.write(there, "qrels", QRELS, tables.Provenance("a", "fa", {"corpus": "1"}))
    tables.write(tmp_path / "b.parquet", "qrels", QRELS, tables.Provenance("b", "fb", {"corpus": "2"}))
    gone = tmp_path / "gone.parquet"
    assert ended(capsys, monkeypatch, run, "--one", there, "--many", gone, "--out", "x") == (
        f"listill made_up: error: {gone}: no such file\n"
    )
    error = ended(capsys, monkeypatch, run, "--one", there, "--many", tmp_path / "b.parquet", "--out", "x")
    assert "b.parquet: does not belong with" in error
    (tmp_path / "c.json").write_text('{"sise": 1}')
    error = ended(capsys, monkeypatch, run, "--config", tmp_path / "c.json", "--one", there, "--many", "--out", "x")
    assert error.endswith("c.json: unknown key 'sise' (did you mean 'size'?); known here: version, size\n")


@pytest.mark.parametrize("name", ["train", "encode"])
def test_without_the_settings_that_a_stage_must_have(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(f"listill.stages.{name}")
    hints = get_type_hints(module.run, include_extras=True)
    options = [
        option for file, hint in hints.items() if command._role(hint) for option in (f"--{file.replace('_', '-')}", "x")
    ]
    done = stage(name, *options)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"listill {name}: error: --config is not given: student: ")


# --- finished parts ---------------------------------------------------------------------------------------------------


def job(fingerprint: str = "f1") -> Job:
    return Job("score", fingerprint, {}, Settings(), 1)


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
        "import sys; from pathlib import Path; from listill.stages.command import Job, StageSettings\n"
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


def test_versions_are_those_installed() -> None:
    found = command.versions()
    assert json.dumps(found)
    assert {"listill", "python", "torch", "bm25s"} <= found.keys()
