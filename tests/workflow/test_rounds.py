"""A second round, through the real Snakefile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import pandas as pd
from sentence_transformers import SentenceTransformer


def test_a_second_round(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """The finished run, asked for a second round: the first stays, only what is new is scored, all is measured."""
    folder, asked = copied(), flow.changed(settings, "training.rounds", 2)
    measured = ("per_query.parquet", "summary.parquet", "comparisons.parquet")  # there are more systems to measure now
    before = {name: frame for name, frame in flow.frames(folder, settings).items() if name not in measured}
    flow.make(folder, asked)
    flow.assert_same(before, {name: frame for name, frame in flow.frames(folder, asked).items() if name in before})
    results = flow.results(folder)
    known = pd.read_parquet(results / "scores.parquet")
    for variant in flow.VARIANTS:
        again = results / "round2" / f"{flow.STUDENT}.{variant}"
        candidates = pd.read_parquet(again / "candidates.parquet")
        assert set(candidates["retriever"]) - {"positive"} == {"bm25", f"{flow.STUDENT}.{variant}"}
        scores = pd.read_parquet(again / "scores.parquet")
        keys = ["query_id", "doc_id", "teacher"]
        assert not scores.duplicated(keys).any()
        pairs = candidates[["query_id", "doc_id"]].drop_duplicates()
        assert len(scores) == len(pairs) * scores["teacher"].nunique()
        both = scores.merge(known, on=keys)
        assert 0 < len(both) < len(scores)
        assert (both["score_x"] == both["score_y"]).all()
        log = (results / "logs" / f"scores.{flow.STUDENT}.{variant}.log").read_text()
        assert log.count("pairs have been scored before") == scores["teacher"].nunique()
        lists = pd.read_parquet(again / "lists.parquet")
        assert len(lists) > 10
        model = SentenceTransformer(str(results / "models" / flow.STUDENT / f"{variant}-round2"), device="cpu")
        assert model.encode("x").shape == (32,)
    summary = pd.read_parquet(results / "summary.parquet")
    assert {f"{flow.STUDENT}.{v}-round2" for v in flow.VARIANTS} <= set(summary["system"])
    assert "listwise-round2" in (results / "report.html").read_text()
    dry = flow.make(folder, asked, "--dry-run")
    assert "Nothing to be done" in dry
