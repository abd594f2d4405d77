"""Checksums of files that are made again, of tables, and of the files of a folder."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from listill import checksums, tables
from listill.errors import UserError
from listill.tables import Provenance

QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


def test_a_sealed_file_is_usable(tmp_path: Path) -> None:
    for content in (b"", b"\0", b"content", os.urandom(3_000_000)):
        path = tmp_path / "part"
        path.write_bytes(content)
        checksums.seal(path)
        assert path.read_bytes()[:-4] == content
        assert checksums.usable(path)
    assert not checksums.usable(tmp_path / "missing")


@pytest.mark.parametrize("content", [b"", b"\0" * 4, b"\0" * 64, b"no checksum", None])
def test_a_damaged_file_is_named_and_removed(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "part"
    path.mkdir() if content is None else path.write_bytes(content)
    assert not checksums.usable(path)
    assert not path.exists()
    assert caplog.messages == [f"{path}: this file is damaged and is removed; it is made again"]


def test_a_damaged_file_that_cannot_be_removed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "part").write_text("x")
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UserError, match=r"part: is damaged and cannot be removed \(Permission denied\): remove it"):
        checksums.usable(tmp_path / "part")


def test_remove(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    checksums.remove(tmp_path / "link")
    assert (tmp_path / "folder" / "file").exists()
    checksums.remove(tmp_path / "folder")
    checksums.remove(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_a_table_has_its_checksum_in_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "qrels.parquet"
    # Identifiers and details that look like the checksum's name and blank value.
    data = {**QRELS, "query_id": ["00000000"], "doc_id": ["listill.checksum"]}
    tables.write(path, "qrels", data, Provenance("qrels", "f", details={"x": "listill.checksum \x18\x0800000000"}))
    assert checksums.table_is_intact(path) is True
    assert len(pq.read_metadata(path).metadata[checksums.KEY]) == 8
    assert tables.read(path, "qrels")["doc_id"].tolist() == ["listill.checksum"]
    content = path.read_bytes()
    tables.write(path, "qrels", data, Provenance("qrels", "f", details={"x": "listill.checksum \x18\x0800000000"}))
    assert path.read_bytes() == content
    path.write_bytes(content.replace(b"PAR1", b"par1", 1))
    assert checksums.table_is_intact(path) is False


def test_a_table_of_another_tool_has_none(tmp_path: Path) -> None:
    tables.write(tmp_path / "qrels.parquet", "qrels", QRELS, Provenance("qrels", "f"))
    pq.write_table(pq.read_table(tmp_path / "qrels.parquet").replace_schema_metadata(), tmp_path / "copy.parquet")
    assert checksums.table_is_intact(tmp_path / "copy.parquet") is None
    for content in (b"", b"PAR1", b"x" * 8, b"\xff" * 100):
        (tmp_path / "none").write_bytes(content)
        assert checksums.table_is_intact(tmp_path / "none") is None


def test_a_change_of_a_table_is_noticed_after_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "qrels.parquet"
    tables.write(path, "qrels", QRELS, Provenance("qrels", "f"))
    tables.read(path, "qrels")
    path.write_bytes(path.read_bytes().replace(b"PAR1", b"par1", 1))
    os.utime(path, ns=(0, 0))
    with pytest.raises(UserError, match="is damaged"):
        tables.read(path, "qrels")


def test_sums_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("a", "inner/b", "c"):
        (tmp_path / name).write_text(name)
    assert checksums.damage(tmp_path) == "SHA256SUMS is missing"
    checksums.write_sums(tmp_path, [path for path in checksums.files_of(tmp_path) if path.name != "c"])
    assert checksums.damage(tmp_path) is None
    (tmp_path / "c").write_text("not listed")
    assert checksums.damage(tmp_path) is None
    (tmp_path / "inner/b").write_text("B")
    assert checksums.damage(tmp_path) == "inner/b has been changed"
    (tmp_path / "inner/b").unlink()
    assert checksums.damage(tmp_path) == "inner/b is missing"
    (tmp_path / "inner/b").mkdir()
    assert checksums.damage(tmp_path) == "inner/b has been changed"
    for content in (b"", b"\xff", b"no list\n"):
        (tmp_path / "SHA256SUMS").write_bytes(content)
        assert checksums.damage(tmp_path) == "SHA256SUMS has been changed"
