"""Uploading an exported model: what the hub is asked for, and what is said if it cannot be reached."""

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

from listill.errors import UserError
from listill.export import upload


class FakeApi:
    """Stands for HfApi: keeps the calls, or raises."""

    def __init__(self, error: Exception | None = None, *, private: bool = True) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error, self.private = error, private

    def create_repo(self, name: str, **options: Any) -> None:
        if self.error:
            raise self.error
        self.calls.append((name, options))

    def repo_info(self, name: str, *, repo_type: str) -> "FakeApi":
        assert (name.count("/"), repo_type) == (1, "model")
        return self

    def upload_folder(self, *, repo_id: str, folder_path: Path, **options: Any) -> None:
        self.calls.append((repo_id, {"files": sorted(path.name for path in folder_path.iterdir())} | options))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("README.md", "model.safetensors"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload.constants, "HF_HUB_OFFLINE", False)


@pytest.mark.parametrize("public", [False, True])
def test_the_folder_is_uploaded_to_a_repository_that_is_private_by_default(folder: Path, public: bool) -> None:
    api = FakeApi()
    assert upload.push(folder, "me/my-model", public=public, api=api) == "https://huggingface.co/me/my-model"
    (created, options), (uploaded, given) = api.calls
    assert (created, uploaded) == ("me/my-model", "me/my-model")
    assert options["private"] is not public
    assert options["exist_ok"]
    assert given["files"] == ["README.md", "model.safetensors"]


def refused(status: int = 403) -> HfHubHTTPError:
    error = HfHubHTTPError.__new__(HfHubHTTPError)
    Exception.__init__(error, f"{status} Forbidden\nmore lines")
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (LocalTokenNotFoundError("x"), "--push-to me/m: not logged in: run 'hf auth login' or set HF_TOKEN"),
        (
            refused(),
            r"--push-to me/m: the hub refuses \(403 Forbidden\): log in with 'hf auth login' as a user who may",
        ),
        (
            ConnectionError("no route\nx"),
            r"--push-to me/m: the upload failed \(no route\): run again, with access to the hub",
        ),
    ],
)
def test_faults_are_one_line(folder: Path, error: Exception, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        upload.push(folder, "me/m", api=FakeApi(error))
    assert "\n" not in str(caught.value)


def test_a_public_repository_gets_nothing_unless_asked_for(folder: Path) -> None:
    """It existed before: asking for a private one does not change it."""
    api = FakeApi(private=False)
    with pytest.raises(
        UserError, match=r"^--push-to me/m: the repository is public: pass --public, or choose another name$"
    ):
        upload.push(folder, "me/m", api=api)
    assert [options for _, options in api.calls if "files" in options] == []
    upload.push(folder, "me/m", public=True, api=api)


def test_offline_nothing_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload.constants, "HF_HUB_OFFLINE", True)
    api = FakeApi()
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set, so that nothing is uploaded: unset it"):
        upload.push(folder, "me/m", api=api)
    assert api.calls == []


def test_a_wrong_name_and_a_folder_that_is_no_export(folder: Path) -> None:
    with pytest.raises(UserError, match="--push-to model: not the name of a repository: write ORG/NAME"):
        upload.push(folder, "model", api=FakeApi())
    with pytest.raises(UserError, match="no such exported model: run snakemake export first"):
        upload.push(folder / "gone", "me/m", api=FakeApi())
