"""One finished run for all tests of this folder; whoever changes something copies it."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

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
def copied(finished: Path, tmp_path: Path) -> Callable[[], Path]:
    """Copies of the finished run, with what Snakemake knows of it."""
    return lambda: Path(shutil.copytree(finished, tmp_path / "copy"))
