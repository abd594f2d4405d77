"""Random passages, the filter by score, and near positives, through the real Snakefile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import pandas as pd

from listill import tables


def test_wider_pools(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """The finished run, with wider pools: only the new pairs are scored, and the lists and the report say what happened."""
    folder = copied()
    results = flow.results(folder)
    known = pd.read_parquet(results / "scores.parquet")
    changes = {
        "mining.random": 9,
        "training.lists.min_score": {"maxsim": "auto"},
        "training.lists.near_positive": "positive",
        "training.lists.near_positive_share": 0.8,
        "training.variants.listwise": {"losses": {"pair_mse": 100}, "temperatures": {"teacher": 0.3}},
    }
    asked = settings
    for key, value in changes.items():
        asked = flow.changed(asked, key, value)
    flow.make(folder, asked)
    candidates = pd.read_parquet(results / "candidates.parquet")
    random = candidates[candidates["retriever"] == "random"]
    assert (random.groupby("query_id").size() == 9).all()
    scores = pd.read_parquet(results / "scores.parquet")
    keys = ["query_id", "doc_id", "teacher"]
    assert len(scores) == len(known) + len(random) * scores["teacher"].nunique()
    assert len(scores.merge(known, on=[*keys, "score"])) == len(known)

    path = results / "lists" / f"{flow.STUDENT}.parquet"
    lists, queries = (pd.read_parquet(file).set_index("query_id") for file in (path, results / "queries.parquet"))
    threshold = tables.provenance(path).details["min_score"]["maxsim"]["threshold"]
    of_teacher = scores[scores["teacher"] == "maxsim"].set_index(["query_id", "doc_id"])["score"]
    synthetic = lists.index[lists["type"] != "human"]
    sources = pd.MultiIndex.from_arrays([synthetic, queries.loc[synthetic, "doc_id"]])
    assert (of_teacher[sources] >= threshold).all()
    assert "min_score of maxsim" in (results / "logs" / f"lists.{flow.STUDENT}.log").read_text()
    near = lists["near_positives"].str.len()
    assert near.any()
    assert (lists["doc_ids"].str[0] == queries.loc[lists.index, "doc_id"]).all()
    first = lists[near > 0].iloc[0]
    assert first["doc_ids"][1] in first["near_positives"]

    losses = pd.read_parquet(results / "models" / flow.STUDENT / "listwise" / "losses.parquet")
    assert set(losses["name"]) == {"pair_mse"}
    assert losses["value"].notna().all()
    if (pd.read_parquet(results / "funnel" / f"lists.{flow.STUDENT}.parquet")["reason"] == "below min_score").any():
        assert "below min_score" in (results / "report.html").read_text()
