"""Where a model lies, and what is refused."""

import errno
import json
import shutil
import sys
from pathlib import Path

import pytest

from listill.errors import UserError
from listill.models.locate import folder_or_hub_name, identity, resolve, resolve_transformer


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
    assert "package_with_model" not in sys.modules  # found, not run


def test_a_package_that_is_not_installed() -> None:
    assert "the Python package 'no_such_package' is not installed" in fault("package:no_such_package/model")
    assert "'no_such_package.inside' is not installed" in fault("package:no_such_package.inside/model")


@pytest.mark.parametrize("path", ["/nowhere/model", "./nowhere", "~/nowhere/at/all", "a/b/c"])
def test_a_missing_folder(path: str) -> None:
    assert "no such folder" in fault(path)


def test_a_hub_name_without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def offline(*_: object, **__: object) -> str:
        raise OSError("no route\nto the hub")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    message = fault("org/model")
    assert "neither a folder nor to be had from the hub (no route); download it" in message


def test_what_tells_a_model_from_others(model: Path, tmp_path: Path) -> None:
    before = identity(model)
    copied = Path(shutil.copytree(model, tmp_path / "elsewhere"))
    assert identity(copied) == before
    (copied / "config.json").write_text((copied / "config.json").read_text() + " ")
    assert identity(copied) != before
    snapshot = Path(shutil.copytree(model, tmp_path / "models--org--model" / "snapshots" / "0a1b2c"))
    assert identity(snapshot) == "0a1b2c"


def refused(kind: str) -> Exception:
    """Return an error as huggingface_hub raises it."""
    from unittest.mock import Mock

    from huggingface_hub import errors

    response = Mock(headers={}, status_code=403)
    return getattr(errors, kind)("said\nat length", response=response)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "GatedRepoError",
            "gated: accept its licence on https://huggingface.co/org/model, then log in with 'hf auth login'",
        ),
        ("RepositoryNotFoundError", "neither a folder nor on the hub; if it is private, log in"),
        ("RevisionNotFoundError", "no revision 'None' on the hub"),
    ],
)
def test_what_the_hub_refuses(kind: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(*_: object, **__: object) -> str:
        raise refused(kind)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert message in fault("org/model")


def test_a_full_disk_is_not_taken_for_a_missing_model(monkeypatch: pytest.MonkeyPatch) -> None:
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
    with pytest.raises(UserError, match=r"no config.json in .*: not a folder of a transformers model"):
        resolve_transformer(str(model))


def test_a_hub_name_and_its_revision(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked = {}

    def download(name: str, **options: object) -> str:
        asked.update(options, name=name)
        return str(model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert resolve("org/model", "v2") == model
    assert (asked["name"], asked["revision"]) == ("org/model", "v2")
    assert not any("bin" in str(pattern) or "pt" in str(pattern) for pattern in asked["allow_patterns"])  # type: ignore[attr-defined]


def test_no_modules(model: Path) -> None:
    (model / "modules.json").unlink()
    assert "modules.json is missing, so its pooling is unknown" in fault(model)


def test_broken_modules(model: Path) -> None:
    (model / "modules.json").write_text("[{")
    assert "modules.json" in fault(model)


def test_no_pooling_module(model: Path) -> None:
    entries = json.loads((model / "modules.json").read_text())
    (model / "modules.json").write_text(json.dumps(entries[:1]))
    assert "has no pooling module" in fault(model)


def test_no_pooling_settings(model: Path) -> None:
    (model / "1_Pooling" / "config.json").unlink()
    assert "1_Pooling/config.json is missing: its pooling is unknown" in fault(model)


def test_no_safetensors(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    assert "no .safetensors weights" in fault(model)


def test_a_folder_or_the_name_on_the_hub(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For libraries that download models themselves: nothing is downloaded here."""
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", None)
    monkeypatch.setenv("MODELS", str(model.parent))
    assert folder_or_hub_name("$MODELS/model") == str(model)
    assert folder_or_hub_name("org/model") == "org/model"
    with pytest.raises(UserError, match=r"^model /nowhere/model: no such folder"):
        folder_or_hub_name("/nowhere/model")
