"""The target export on the finished run: what other tools read."""

from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def exported(finished: Path, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder export/ of a copy of the finished run."""
    import shutil

    run = Path(shutil.copytree(finished, tmp_path_factory.mktemp("export") / "run"))
    flow.make(run, settings, "export")
    return flow.results(run) / "export"


def test_training_lists(exported: Path, finished: Path) -> None:
    lists = pd.read_parquet(flow.results(finished) / "lists/small.parquet")
    folder = exported / "lists" / "small"
    assert len(pd.read_parquet(folder / "pylate" / "train.parquet")) == len(lists)
    assert "## tevatron" in (folder / "README.md").read_text()
