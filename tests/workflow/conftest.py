"""The tests of this folder share one finished run; whoever changes something copies it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Callable[[], Path]:
    """Copies of the finished run, with what Snakemake knows of it."""
    return lambda: Path(shutil.copytree(finished, tmp_path / "copy"))
