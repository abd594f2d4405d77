"""The command line of the stages."""

import importlib
import os
import pkgutil
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import listill.stages
from listill import tables
from listill.errors import UserError
from listill.frozen import canonical
from listill.stages import command
from listill.stages.command import In, Ins, MaybeIn, Out
from listill.stages.job import Job
from made_up_stage import QRELS, Settings, call, error_of

SHARED = {"command", "job", "options", "outputs", "process"}  # shared modules; all others are stages
NAMES = sorted({module.name for module in pkgutil.iter_modules(listill.stages.__path__)} - SHARED)


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
    # Each says what it is: its table and columns, or what else it is.
    helps = {action.dest: action.help or "" for action in parser._actions}
    assert [option for option in files if not re.match(r"(read|written): \S+.* \S+", helps[option])] == []


@pytest.mark.parametrize("name", ["fuse", "mine"])
def test_help_from_the_shell(name: str) -> None:
    done = stage(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m listill.stages.{name} ")


def test_a_stage_gets_its_settings_and_files_and_a_fingerprint_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_user_error_is_one_line_with_exit_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        raise UserError("fix this")

    log = tmp_path / "x.log"
    error = error_of(capsys, monkeypatch, run, "--out", "x", "--log", log)
    assert error == "listill made_up: error: fix this\n"
    assert log.read_text() == error
    with pytest.raises(UserError, match="fix this"):
        call(monkeypatch, run, "--out", "x", "--debug")


def test_a_full_disk_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        with open("/dev/full", "w") as full:
            full.write("x")

    error = error_of(capsys, monkeypatch, run, "--out", tmp_path / "x.parquet")
    assert error.startswith(f"listill made_up: error: {tmp_path}: no space left on the disk")
    assert error.count("\n") == 1


def test_short_memory_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        np.zeros(1 << 50)

    error = error_of(capsys, monkeypatch, run, "--out", tmp_path / "x.parquet")
    assert error.startswith("listill made_up: error: not enough memory: Unable to allocate 8.00 PiB")
    assert error.count("\n") == 1


def test_a_log_that_cannot_be_written_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        raise AssertionError("must not run")

    (tmp_path / "file").write_text("")
    error = error_of(capsys, monkeypatch, run, "--out", tmp_path / "x", "--log", tmp_path / "file" / "x.log")
    assert error == f"listill made_up: error: {tmp_path}/file/x.log: cannot be written (File exists)\n"


@pytest.mark.usefixtures("signals_of_a_terminal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_stage_says_so_in_one_line(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        with tables.atomic(out) as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), number)
            time.sleep(10)

    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, run, "--out", tmp_path / "x.parquet")
    assert stop.value.code == 128 + number
    assert capsys.readouterr().err == "listill made_up: stopped; run again to resume\n"
    assert list(tmp_path.iterdir()) == []


def test_outputs_are_locked_and_refused_after_a_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config, out = tmp_path / "c.json", tmp_path / "x.parquet"
    config.write_text("{}")

    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        assert (tmp_path / ".x.parquet.lock").exists()
        config.write_text('{"size": 4}')
        job.write(out, "qrels", QRELS)

    error = error_of(capsys, monkeypatch, run, "--config", config, "--out", out)
    assert error.startswith(f"listill made_up: error: {out}: not written: {config} has changed since")
    assert [path.name for path in tmp_path.iterdir()] == ["c.json"]


def test_other_system_errors_have_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        raise PermissionError(13, "made up")

    assert "PermissionError" in error_of(capsys, monkeypatch, run, "--out", "x")


def test_unexpected_errors_have_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, job: Job, out: Out) -> None:
        """A stage."""
        raise ZeroDivisionError("oh")

    error = error_of(capsys, monkeypatch, run, "--out", "x")
    assert error.startswith("listill made_up: unexpected error\nTraceback")
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
    assert error_of(capsys, monkeypatch, run, "--one", there, "--many", gone, "--out", "x") == (
        f"listill made_up: error: {gone}: no such file\n"
    )
    error = error_of(capsys, monkeypatch, run, "--one", there, "--many", tmp_path / "b.parquet", "--out", "x")
    assert "b.parquet: does not belong with" in error
    (tmp_path / "c.json").write_text('{"sise": 1}')
    error = error_of(capsys, monkeypatch, run, "--config", tmp_path / "c.json", "--one", there, "--many", "--out", "x")
    assert error.endswith("c.json: unknown key 'sise' (did you mean 'size'?); known here: version, files, size\n")


@pytest.mark.parametrize("name", ["train", "encode"])
def test_a_required_setting_is_missing(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(f"listill.stages.{name}")
    hints = get_type_hints(module.run, include_extras=True)
    options = [
        option for file, hint in hints.items() if command._role(hint) for option in (f"--{file.replace('_', '-')}", "x")
    ]
    done = stage(name, *options)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"listill {name}: error: --config is missing: student: ")
