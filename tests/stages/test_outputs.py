"""The outputs of a stage while it runs: their locks, and runs that are out of date."""

from pathlib import Path

import pytest

from listill import tables
from listill.errors import UserError
from listill.stages.outputs import locked, unless_outdated

QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


def test_all_outputs_are_locked_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a.parquet", tmp_path / "new" / "b.parquet"
    with locked([first, second]):
        assert (tmp_path / ".a.parquet.lock").exists()
        with pytest.raises(UserError, match=r"b\.parquet: process \d+ on .+ is writing it"):  # noqa: SIM117
            with locked([tmp_path / "0.parquet", second]):
                raise AssertionError("the lock must refuse this")
        assert not (tmp_path / ".0.parquet.lock").exists()
    assert [path.name for path in tmp_path.rglob("*")] == ["new"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings file that a stage was started with."""
    (tmp_path / "stage.json").write_text("{}")
    return tmp_path / "stage.json"


def test_outputs_are_written_while_nothing_changes(tmp_path: Path, config: Path) -> None:
    out = tmp_path / "out.parquet"
    with unless_outdated([out], config, config.read_bytes(), []):
        config.touch()
        tables.write(out, "qrels", QRELS, tables.Provenance("qrels", "f"))
    assert out.exists()


@pytest.mark.parametrize("new", ["{ }", None])
def test_an_output_is_not_replaced_after_its_settings_have_changed(
    tmp_path: Path, config: Path, new: str | None
) -> None:
    out, other = tmp_path / "out.parquet", tmp_path / "part.parquet"
    out.write_text("newer")
    with unless_outdated([out], config, config.read_bytes(), []):
        config.unlink() if new is None else config.write_text(new)
        tables.write(other, "qrels", QRELS, tables.Provenance("qrels", "f"))  # no output: a finished part
        with pytest.raises(
            UserError, match=r"out\.parquet: not written: .*stage\.json has changed since .*; run again$"
        ):
            tables.write(out, "qrels", QRELS, tables.Provenance("qrels", "f"))
    assert (out.read_text(), other.exists()) == ("newer", True)
    assert not list(tmp_path.glob("*.tmp"))
    tables.write(out, "qrels", QRELS, tables.Provenance("qrels", "f"))  # the check ended with the stage


def test_a_model_folder_is_not_replaced_either(tmp_path: Path, config: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "weights").write_text("newer")
    refused = pytest.raises(UserError, match="model: not written")
    with unless_outdated([out], config, b"older", []), refused, tables.atomic(out) as temporary:
        temporary.mkdir()
        (temporary / "weights").write_text("older")
    assert (out / "weights").read_text() == "newer"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "stage.json"]


@pytest.mark.parametrize("change", ["made again", "removed"])
def test_an_output_is_not_replaced_after_an_input_has_changed(tmp_path: Path, change: str) -> None:
    given, external, out = tmp_path / "in.parquet", tmp_path / "external.csv", tmp_path / "out.parquet"
    tables.write(given, "qrels", QRELS, tables.Provenance("qrels", "f1"))
    external.write_text("not read")
    with unless_outdated([out], None, b"", [given, external]):
        tables.write(given, "qrels", QRELS, tables.Provenance("qrels", "f1"))  # the same again
        tables.write(out, "qrels", QRELS, tables.Provenance("qrels", "g"))
        out.unlink()
        if change == "removed":
            given.unlink()
        else:
            tables.write(given, "qrels", QRELS, tables.Provenance("qrels", "f2"))
        with pytest.raises(UserError, match=r"out\.parquet: not written: its inputs have changed"):
            tables.write(out, "qrels", QRELS, tables.Provenance("qrels", "g"))
    assert not out.exists()
