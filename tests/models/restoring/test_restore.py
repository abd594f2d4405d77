"""Which models are restored, and when they are restored again."""

import json
import shutil
from pathlib import Path

import pytest
import transformers

from listill.errors import UserError
from listill.models import packaged
from listill.models.restoring import cache, gguf, onnx
from listill.models.restoring.restore import restored


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTILL_CACHE", str(tmp_path / "cache"))


def test_a_transformers_folder_stays_where_it_is(tiny_model: Path) -> None:
    assert restored(str(tiny_model), tiny_model) == tiny_model
    assert not cache.root().exists()


def test_a_changed_file_is_another_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "restore", shutil.copy)
    source = tmp_path / "model.gguf"
    source.write_text("one")
    first = restored(str(source), source)
    assert (first / "model.gguf").read_text() == "one"
    assert restored(str(source), source) == first
    source.write_text("two")
    second = restored(str(source), source)
    assert second != first
    assert (second / "model.gguf").read_text() == "two"


def test_a_known_model_depends_on_all_its_files_and_on_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(source: Path, entry: packaged.PackagedModel, target: Path) -> None:
        (target / "config.json").write_text(json.dumps(entry.config))

    entry = packaged.PackagedModel(model="package:p/m", file="model.onnx", architecture="BertModel")
    monkeypatch.setattr(onnx, "restore", write)
    monkeypatch.setattr(packaged, "entries", lambda: {"package:p/m": entry})
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "vocab.txt").write_text("a")
    folders = [restored("package:p/m", tmp_path / "source")]
    (tmp_path / "source" / "vocab.txt").write_text("b")
    folders.append(restored("package:p/m", tmp_path / "source"))
    monkeypatch.setattr(packaged, "entries", lambda: {"package:p/m": entry.model_copy(update={"config": {"a": 1}})})
    folders.append(restored("package:p/m", tmp_path / "source"))
    assert len(set(folders)) == 3
    assert json.loads((folders[2] / "config.json").read_text()) == {"a": 1}


def test_a_broken_gguf_file(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(
        UserError, match=r"model.gguf: cannot be read: .*; download it again, or, if transformers"
    ) as caught:
        restored(str(tmp_path / "model.gguf"), tmp_path / "model.gguf")
    assert "\n" not in str(caught.value)


def test_the_package_gguf_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("a message of transformers\nof several lines")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", missing)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(
        UserError, match=r"model.gguf: the Python package 'gguf', which reads it, is missing: run `make"
    ):
        restored(str(tmp_path / "model.gguf"), tmp_path / "model.gguf")
