"""A student that was trained on one corpus, measured on another one by hand."""

from pathlib import Path
from typing import Any

import flow
import forked_stage
import pandas as pd

import tiny
from listill import tables
from listill.plan import Plan


def stage(folder: Path, name: str, settings: str, **paths: Any) -> tuple[int | None, str]:
    """Run the command of a stage with frozen settings; return its exit status and what it said."""
    (folder / "config").mkdir(exist_ok=True)
    config = folder / "config" / f"{name}.json"
    config.write_text(settings)
    line = ["python", "-m", f"listill.stages.{name}", "--config", str(config)]
    for option, path in paths.items():
        line += [f"--{option.replace('_', '-')}", str(path)]
    process = forked_stage.start(line, folder, folder / "said", environment=flow.environment())
    process.join()
    return process.exitcode, (folder / "said").read_text()


def test_a_trained_student_on_another_corpus(finished: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    beir = tiny.tiny_corpus(tmp_path / "beir", documents=40, topics=8, seed=1)
    corpora = {"other": {"source": {"kind": "beir", "path": str(beir)}, "heldout": 2}}
    plan = Plan({**settings, "corpora": corpora})
    names = ["corpus", "topics", "qrels", "heldout"]
    made = {name: tmp_path / f"{name}.parquet" for name in names}
    queries, embeddings, run = (tmp_path / f"{name}.parquet" for name in ("queries", "embeddings", "run"))
    model = flow.results(finished) / "models" / flow.STUDENT / "listwise"
    system = f"{flow.STUDENT}.listwise"

    def done(name: str, frozen: str, **paths: Any) -> str:
        status, said = stage(tmp_path, name, plan.frozen("other", frozen), **paths)
        assert status == 0, said
        return said

    done("corpus", "corpus", **made)
    done("generate", "queries", **made, out=queries, funnel=tmp_path / "funnel.parquet")
    said = done("encode", f"encode.{system}", corpus=made["corpus"], model=model, out=embeddings)
    assert f"was trained on the corpus '{flow.CORPUS}' and is used on the corpus 'other'" in said
    asked = {**{name: made[name] for name in names[:3]}, "queries": queries}
    done("search", f"search.{system}", **asked, embeddings=embeddings, model=model, out=run)
    done("evaluate", "evaluate", **asked, runs=run, per_query=tmp_path / "p.parquet", summary=tmp_path / "s.parquet")
    summary = pd.read_parquet(tmp_path / "s.parquet").query("split == 'test' and measure == 'nDCG@10'")
    assert summary["queries"].tolist() == [8]
    about = tables.provenance(run)
    assert about.name == f"other/runs/{system}"
    assert f"{flow.CORPUS}/models/{flow.STUDENT}/listwise" in about.lineage
    assert {f"{flow.CORPUS}/corpus", "other/corpus", "other/queries"} <= about.lineage.keys()

    # Everything else must be of one corpus.
    wrong = flow.results(finished) / "queries.parquet"
    status, said = stage(
        tmp_path,
        "search",
        plan.frozen("other", "search.bm25"),
        **(asked | {"queries": wrong}),
        out=tmp_path / "refused.parquet",
    )
    assert status == 1
    assert f"{wrong}: is of the corpus '{flow.CORPUS}', but" in said
    assert not (tmp_path / "refused.parquet").exists()
