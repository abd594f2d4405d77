"""The command line of the stages."""

import importlib
import os
import pkgutil
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
from listill.stages.command import Corpora, In, Ins, MaybeIn, MaybeModel, Out
from listill.stages.job import Job, StageSettings

SHARED = {"command", "job", "outputs", "process"}  # shared modules; all others are stages
NAMES = sorted({module.name for module in pkgutil.iter_modules(listill.stages.__path__)} - SHARED)
pytestmark = pytest.mark.usefixtures("process_as_before")

QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


class Settings(StageSettings):
    """Settings of a made-up stage."""

    size: int = 3


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


def error_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, run: object, *options: object) -> str:
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, run, *options)
    assert stop.value.code == 1
    return capsys.readouterr().err


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


# --- corpora ----------------------------------------------------------------------------------------------------------


def write_table(path: Path, corpus: str | None, key: str, lineage: dict[str, str] | None = None) -> Path:
    """Write a file with the name of its corpus in the metadata, or without one for None."""
    tables.write(path, "qrels", QRELS, tables.Provenance(key, f"f-{path.stem}", lineage or {}, corpus=corpus))
    return path


def model(folder: Path, corpus: str | None) -> Path:
    """Write a model folder whose metadata contain the corpus that it was trained on."""
    folder.mkdir()
    lineage = {f"{corpus}/corpus": "f-there", f"{corpus}/lists/s": "f-lists"}
    about = tables.Provenance("models/s/v", f"f-{folder.name}", lineage, corpus=corpus)
    (folder / "listill.json").write_text(about.to_json())
    return folder


def measure(settings: Settings, job: Job, one: In, many: Ins, out: Out, model: MaybeModel = None) -> None:
    """A stage that reads a corpus and optionally uses a model."""
    job.write(out, "qrels", QRELS, "runs/s.v")


def must_not_run(settings: Settings, job: Job, one: In, many: Ins, out: Out, model: MaybeModel = None) -> None:
    """A stage."""
    raise AssertionError("must not run")


def test_inputs_of_two_corpora_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = (
        write_table(tmp_path / "a.parquet", "here", "corpus"),
        write_table(tmp_path / "b.parquet", "there", "queries"),
    )
    error = error_of(capsys, monkeypatch, must_not_run, "--one", here, "--many", there, "--out", "x")
    assert error == (
        f"listill made_up: error: {there}: is of the corpus 'there', but {here} of 'here': give files of one corpus\n"
    )
    error = error_of(capsys, monkeypatch, must_not_run, "--one", here, "--many", here, there, "--out", "x")
    assert "give files of one corpus" in error
    # A file of an unknown corpus between them does not hide the difference.
    unknown = write_table(tmp_path / "c.parquet", None, "qrels")
    error = error_of(capsys, monkeypatch, must_not_run, "--one", unknown, "--many", here, unknown, there, "--out", "x")
    assert "b.parquet: is of the corpus 'there', but" in error


def test_a_model_of_another_corpus_is_refused_as_an_ordinary_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the model of an option with the role `model` may be of another corpus."""
    here, other = write_table(tmp_path / "a.parquet", "here", "corpus"), model(tmp_path / "model", "there")
    error = error_of(capsys, monkeypatch, must_not_run, "--one", here, "--many", other, "--out", "x")
    assert "is of the corpus 'there'" in error


def test_a_model_of_another_corpus_is_recorded_in_log_and_lineage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Both corpora have a file with the same key; the lineage has both.
    here, out = write_table(tmp_path / "a.parquet", "here", "corpus"), tmp_path / "out.parquet"
    other, log = model(tmp_path / "other", "there"), tmp_path / "x.log"
    options = ["--one", here, "--many", "--out", out, "--log", log]
    call(monkeypatch, measure, *options, "--model", other)
    (line,) = log.read_text().splitlines()
    assert "models/s/v" in line
    assert "'there'" in line
    assert "'here'" in line
    about = tables.provenance(out)
    assert (about.corpus, about.name) == ("here", "here/runs/s.v")
    assert about.lineage == {
        "here/corpus": "f-a",
        "there/corpus": "f-there",
        "there/lists/s": "f-lists",
        "there/models/s/v": "f-other",
    }
    # The output belongs to this corpus: the next stage accepts it together with the files of this corpus.
    call(monkeypatch, measure, "--one", here, "--many", out, "--out", tmp_path / "next.parquet")
    assert tables.provenance(tmp_path / "next.parquet").lineage == about.lineage | {"here/runs/s.v": about.fingerprint}
    # A model without a corpus (a folder that listill did not write) is not logged.
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "config.json").write_text("{}")
    for fine in (tmp_path / "plain", model(tmp_path / "own", None)):
        call(monkeypatch, measure, *options, "--model", fine)
        assert log.read_text() == ""
        assert tables.provenance(out).fingerprint != about.fingerprint


def test_a_model_of_an_old_version_of_this_corpus_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = write_table(tmp_path / "there.parquet", "there", "corpus")
    fine = model(tmp_path / "model", "there")
    call(monkeypatch, measure, "--one", there, "--many", "--out", tmp_path / "out.parquet", "--model", fine)
    assert capsys.readouterr().err == ""
    newer = write_table(tmp_path / "newer.parquet", "there", "corpus")
    error = error_of(capsys, monkeypatch, must_not_run, "--one", newer, "--many", "--out", "x", "--model", fine)
    assert "does not belong with" in error
    assert "there/corpus" in error


def test_a_model_that_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = write_table(tmp_path / "a.parquet", "here", "corpus")
    error = error_of(
        capsys, monkeypatch, must_not_run, "--one", here, "--many", "--out", "x", "--model", tmp_path / "no"
    )
    assert error == f"listill made_up: error: {tmp_path / 'no'}: no such file\n"


def test_a_foreign_model_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its fingerprint is a checksum of all its files, which may be large."""
    here = write_table(tmp_path / "a.parquet", "here", "corpus")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "weights").write_text("x")
    provenance, paths = tables.provenance, []

    def counted(path: Path) -> tables.Provenance:
        paths.append(path)
        return provenance(path)

    out = tmp_path / "out.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(tables, "provenance", counted)
        call(patch, measure, "--one", here, "--many", "--out", out, "--model", tmp_path / "plain")
    assert paths == [here, tmp_path / "plain"]
    assert "plain" in tables.provenance(out).lineage


# --- stages of several corpora ----------------------------------------------------------------------------------------


class OfCorpora(Settings):
    """The settings of a stage that reads the files of several corpora."""

    corpora: list[str] = ["here", "there"]


def several(settings: OfCorpora, job: Job, one: Corpora, out: Out, other: Corpora = []) -> None:
    """A stage that reads the files of several corpora."""
    job.write(out, "qrels", QRELS, "joint/s/v")


@pytest.fixture
def both(tmp_path: Path) -> list[Path]:
    return [write_table(tmp_path / f"{corpus}.parquet", corpus, "corpus") for corpus in ("here", "there")]


def call_several(monkeypatch: pytest.MonkeyPatch, *options: object) -> None:
    monkeypatch.setattr(sys, "argv", ["stage", *map(str, options)])
    command.main(several, OfCorpora, "made_up")


def test_files_of_several_corpora_are_of_none(
    both: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = write_table(tmp_path / "unknown.parquet", None, "qrels")
    call_several(monkeypatch, "--one", *both, "--other", both[0], unknown, "--out", tmp_path / "out.parquet")
    about = tables.provenance(tmp_path / "out.parquet")
    assert (about.corpus, about.name) == (None, "joint/s/v")
    assert about.lineage == {"here/corpus": "f-here", "there/corpus": "f-there", "qrels": "f-unknown"}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([1, 0], "is of the corpus 'there', but in the place of 'here': give the files in the order here, there"),
        ([0], "--one has 1 files, but the settings have 2 corpora: give one file for each"),
        ([0, 1, 1], "--one has 3 files, but the settings have 2 corpora: give one file for each"),
    ],
)
def test_files_in_another_order_or_number_are_refused(
    chosen: list[int],
    message: str,
    both: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        call_several(monkeypatch, "--one", *(both[i] for i in chosen), "--out", tmp_path / "out.parquet")
    assert stop.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(message)
    assert not (tmp_path / "out.parquet").exists()
