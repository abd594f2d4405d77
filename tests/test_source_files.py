"""Paths of the config."""

import hashlib
import sys
from pathlib import Path

import pytest

from listill.errors import UserError
from listill.source_files import checksum, existing, expand, in_package, model_files


def test_variables_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand("$HERE/a") == expand("${HERE}/a") == expand("~/a") == tmp_path / "a"


def test_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTILL_DATA", raising=False)
    with pytest.raises(
        UserError, match=r"^\$LISTILL_DATA/x: the variable LISTILL_DATA is not set: set LISTILL_DATA to"
    ):
        expand("$LISTILL_DATA/x")
    with pytest.raises(UserError, match="the variable NOT_SET_ANYWHERE is not set"):
        expand("${NOT_SET_ANYWHERE}/x")


def test_files_that_exist(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert existing(str(tmp_path / "a")) == [str(tmp_path / "a")]
    assert existing(str(tmp_path / "b")) == existing("$NOT_SET_ANYWHERE/b") == []
    assert existing(str(tmp_path), ["a", "b"]) == [str(tmp_path / "a")]


def test_the_checksum_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    assert checksum(tmp_path / "a") == hashlib.sha256(b"text").hexdigest()


def test_files_of_a_model_folder(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "README.md"):
        (tmp_path / name).write_text("")
    assert model_files(str(tmp_path)) == [str(tmp_path / "config.json"), str(tmp_path / "model.safetensors")]
    assert model_files("org/on-the-hub") == []
    dense = tmp_path / "2_Dense" / "model.safetensors"
    dense.parent.mkdir()
    dense.write_text("")
    assert model_files(str(tmp_path))[2:] == [str(dense)]


def test_the_onnx_file_of_a_model_folder_and_its_weights(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("config.json", "a.onnx", "a.onnx_data", "b.onnx")]
    for file in files:
        file.write_text("")
    assert model_files(str(tmp_path), "a.onnx") == [str(file) for file in files[:3]]


def test_files_of_a_model_in_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of checksums that pip writes, or else the files of the model."""
    package = tmp_path / "package_with_weights"
    (package / "small").mkdir(parents=True)
    for name in ("__init__.py", "small/config.json", "model.gguf"):
        (package / name).write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert in_package("package:package_with_weights/small") == package / "small"
    assert in_package("package:no_such_package/small") is None
    assert model_files("package:package_with_weights/small") == [str(package / "small" / "config.json")]
    assert model_files("package:package_with_weights/model.gguf") == [str(package / "model.gguf")]
    assert model_files("package:no_such_package/small") == []
    record = tmp_path / "package_with_weights-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("")
    for inside in ("small", "small/", "model.gguf"):
        assert model_files(f"package:package_with_weights/{inside}") == [str(record)]
    assert "package_with_weights" not in sys.modules
