"""These tests use the tools of the workflow tests."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))

import flow


@pytest.fixture(scope="session")
def settings(tiny_beir: Path, tiny_model: Path) -> dict[str, Any]:
    """The config of the finished run."""
    return flow.config(tiny_beir, tiny_model)


@pytest.fixture(scope="session")
def finished(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that went through undisturbed. Read only: shared by all tests."""
    folder = tmp_path_factory.mktemp("finished")
    flow.make(folder, settings)
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished run."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return Path(shutil.copytree(finished, tmp_path / "copy"))
