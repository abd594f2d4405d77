"""The stage mteb: one table per system, in which a trained student is the model that is passed."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tiny
from listill import tables
from listill.evaluation import mteb_tasks
from listill.settings.students import Student
from listill.stages import mteb
from listill.stages.job import Job


def test_the_base_and_a_trained_model(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def measure(model: Any, names: list[str]) -> pd.DataFrame:
        seen.append(model.encode("lava and ash").tolist())
        rows = [{"task": name, "subset": "default", "split": "test", "measure": "ndcg_at_10"} for name in names]
        return pd.DataFrame(rows).assign(value=0.5, revision="r1")

    monkeypatch.setattr(mteb_tasks, "measure", measure)
    trained = tiny.make_tiny_model(tmp_path / "trained", seed=5)
    for system, model in (("s", None), ("s.listwise", trained)):
        student = Student(model=str(tiny_model), precision="fp32")
        settings = mteb.MtebStage(system=system, student=student, tasks=["A", "B"])
        out = tmp_path / f"{system}.parquet"
        mteb.run(settings, Job("mteb", system, {}, settings, 1, "c"), out, model)
        assert tables.read(out, "mteb")["task"].tolist() == ["A", "B"]
        assert tables.provenance(out).name == f"c/mteb/{system}"
    assert seen[0] != seen[1]
