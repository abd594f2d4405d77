"""The stage check: its settings, and what it needs. Its run is tested in tests/workflow/test_export.py."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tiny
from checked_config import parsed
from listill import tables
from listill.errors import UserError
from listill.schemas import SCHEMAS
from listill.settings.students import Student
from listill.stages import check
from listill.stages.job import Job

VARIANTS = {
    "training": {
        "seeds": 2,
        "variants": {"v": {"losses": {"infonce": 1}, "tower": "query"}, "w": {"losses": {"infonce": 1}}},
    }
}
SETTINGS = check.CheckStage(systems=["s.v", "s.w"], students={"s": Student(model="m")})


def test_settings() -> None:
    """The first seeds, and others that are exported."""
    joint = {"both": {"corpora": ["c"], "student": "s", "variant": "v"}}
    settings = parsed(**VARIANTS, joint=joint)
    frozen = check.settings(settings, "c")
    assert frozen.systems == ["s.v", "s.w", "s.both"]
    assert frozen.query_only == ["s.v", "s.both"]
    assert frozen.students == {"s": settings.students["s"]}
    exported = parsed(**VARIANTS, export={"systems": ["s.w-seed2"]})
    assert check.settings(exported, "c").systems == ["s.v", "s.w", "s.w-seed2"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The tables of a corpus with one topic."""
    (row,) = tiny.tiny_documents(1)
    data: dict[str, dict[str, Any]] = {
        "corpus": {"doc_id": ["d"], "title": [row["title"]], "text": [row["text"]], "duplicate_of": [None]},
        "topics": {"query_id": ["q"], "text": ["lava"], "split": ["test"]},
        "qrels": {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]},
        "queries": {name: [] for name in SCHEMAS["queries"].names},
    }
    for name, columns in data.items():
        tables.write(tmp_path / f"{name}.parquet", name, columns, tables.Provenance(name, "f", corpus="c"))
    return [tmp_path / f"{name}.parquet" for name in data]


def run_file(folder: Path, system: str, rows: int) -> Path:
    columns = {"query_id": ["q"] * rows, "doc_id": ["d"] * rows, "rank": [1] * rows, "score": [0.5] * rows}
    path = folder / f"{system}.parquet"
    tables.write(path, "runs", pd.DataFrame(columns), tables.Provenance(f"runs/{system}", "f", corpus="c"))
    return path


def test_each_system_needs_its_model_and_runs(files: list[Path], tmp_path: Path) -> None:
    def checked(runs: list[Path], models: int) -> None:
        check.run(SETTINGS, Job("check", "f", {}, SETTINGS, 1), *files, runs, [tmp_path] * models, tmp_path / "out")

    with pytest.raises(UserError, match=r"--models: 1 folders for 2 systems \(s\.v, s\.w\): pass one each"):
        checked([], 1)
    base, empty = run_file(tmp_path, "s", 1), run_file(tmp_path, "s.v", 0)
    with pytest.raises(UserError, match=r"--runs: the run of 's\.v' is missing: pass runs/s\.v\.parquet"):
        checked([base], 2)
    with pytest.raises(UserError, match=r"s\.v: its run is empty: add topics"):
        checked([base, empty], 2)
