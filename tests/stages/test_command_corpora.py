"""Stages whose inputs are of another corpus or of several."""

import sys
from pathlib import Path

import pytest

from listill import tables
from listill.stages import command
from listill.stages.command import Corpora, In, Ins, MaybeModel, Out
from listill.stages.job import Job
from made_up_stage import QRELS, Settings, call, describe, error_of


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
    describe(monkeypatch, several)
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
