"""A learning curve on the finished run: only trainings on shares and the report are made."""

import json
import shutil
from pathlib import Path
from typing import Any

import flow
import forked_stage
import pandas as pd

VARIANT = f"{flow.STUDENT}.listwise"


def test_a_learning_curve(finished: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    new = flow.changed(settings, "evaluation.learning_curve", [0.5, 1])
    jobs = flow.scheduled(folder, new)
    del jobs["stage_settings"]
    assert jobs == {"train_on_share": 2, "write_report": 1}
    flow.make(folder, new)
    results = flow.results(folder)
    half = pd.read_parquet(results / "learning_curve" / f"{VARIANT}.50.parquet")
    trained = len(pd.read_parquet(results / "lists" / f"{flow.STUDENT}.parquet"))
    assert half["lists"].unique().tolist() == [round(trained / 2)]
    per_query = pd.read_parquet(results / "per_query.parquet").query("split != 'dev'")
    key = ["split", "query_id", "measure"]
    whole = per_query[per_query["system"] == VARIANT].set_index(key)["value"].sort_index()
    assert half.set_index(key).sort_index().index.equals(whole.index)
    page = (results / "report.html").read_text()
    assert f"from {round(trained / 2)} to {trained} lists" in page
    assert not flow.scheduled(folder, new)

    # On all lists, the stage makes what the training made; searching with the saved model may swap nearly equal scores.
    frozen = json.loads((results / "config" / f"learning_curve.{VARIANT}.50.json").read_text())
    config, made = tmp_path / "all.json", tmp_path / "all.parquet"
    config.write_text(json.dumps(frozen | {"share": 1.0}))
    tables = {name: results / f"{name}.parquet" for name in ("corpus", "topics", "qrels", "queries")}
    tables |= {name: results / name / f"{flow.STUDENT}.parquet" for name in ("lists", "tokens", "embeddings")}
    tables |= {"dev-candidates": results / "dev_candidates.parquet", "config": config, "out": made}
    options = [word for name, path in tables.items() for word in (f"--{name}", str(path))]
    line = ["python", "-m", "listill.stages.learning_curve", "--threads", "1", *options]
    process = forked_stage.start(line, folder, tmp_path / "said")
    process.join()
    assert process.exitcode == 0, (tmp_path / "said").read_text()
    again = pd.read_parquet(made)
    differences = (again.set_index(key)["value"].sort_index() - whole).abs()
    assert (differences == 0).mean() > 0.9
    assert differences.max() < 0.1
    assert again["lists"].unique().tolist() == [trained]

    jobs = flow.scheduled(folder, flow.changed(new, "training.variants.listwise.epochs", 2))
    assert (jobs["train_student"], jobs["train_on_share"]) == (1, 1)
