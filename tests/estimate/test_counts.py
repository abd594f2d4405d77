"""Held against what finished runs had: the tiny one of the tests, the demo, and SciFact."""

from pathlib import Path
from typing import Any

import flow
import numpy as np
import pandas as pd
import pytest
from known_runs import demo, near, scifact

from listill.errors import UserError
from listill.estimate.counts import counts, distinct, pool, queries_per_passage
from listill.estimate.statistics import of_tables, statistics
from listill.frozen import parse
from listill.settings.config import Settings


@pytest.mark.parametrize(
    ("name", "demo_had", "scifact_had"),
    [
        ("asked", 200, 9600),
        ("train", 451, 7172),
        ("human", 361, 0),
        ("mined", 445, 5614),
        ("evaluated", 836, 778),
        ("dev", 172, 238),
        ("candidates", 33.5, 20.8),
        ("pool", 32.9, 21.2),
        ("pairs", 14_903, 116_677),
        ("lists", 373, 4260),
    ],
)
def test_finished_runs(name: str, demo_had: float, scifact_had: float) -> None:
    for estimated, had in ((getattr(demo().counts, name), demo_had), (getattr(scifact().counts, name), scifact_had)):
        assert estimated == had == 0 or near(estimated, had, 1.15), (estimated, had)


def test_the_tiny_run(finished: Path, settings: dict[str, Any]) -> None:
    contents = of_tables(flow.results(finished))
    assert contents is not None
    known = statistics(contents, lambda texts: np.array([len(text.split()) for text in texts]))
    estimated = counts(parse(Settings, settings, "config"), flow.CORPUS, known)

    def table(name: str) -> pd.DataFrame:
        return pd.read_parquet(flow.results(finished) / f"{name}.parquet")

    queries, scores = table("queries"), table("scores")
    pairs = scores[["query_id", "doc_id"]].drop_duplicates()
    reranked = table("runs/teacher")
    assert estimated.human == (queries["type"] == "human").sum()
    assert near(estimated.train, (queries["split"] == "train").sum())
    assert near(estimated.mined, pairs["query_id"].nunique())
    assert near(estimated.pairs, len(pairs))
    assert near(estimated.candidates, len(pairs) / pairs["query_id"].nunique())
    assert near(estimated.evaluated, reranked["query_id"].nunique())
    assert near(estimated.evaluated * estimated.pool, len(reranked))
    assert near(estimated.lists, len(table("lists/small")))


def changed(key: str, value: Any) -> Any:
    one = demo()
    data = flow.changed(one.plan.settings.model_dump(mode="json", exclude_unset=True), key, value)
    return counts(parse(Settings, data, "config"), one.name, one.known)


@pytest.mark.parametrize(
    ("key", "value", "name", "expected"),
    [
        ("generation.human", False, "human", 0),
        ("generation.passages", 10**6, "passages", 2700 + 50),
        ("corpora.python_api.passages_from", "relevant", "passages", 50 + 50),
        ("mining.depth", 40, "pool", 64),
        ("mining.random", 10, "candidates", 42),
        ("mining.consistency.require", "none", "mined", 448),
        ("training.lists.top1", False, "lists", 361 + 87 * 0.9),
        ("training.lists.quality_percentile", 50, "lists", 361 + 87 * 0.9 * 0.3 / 2),
    ],
)
def test_what_a_setting_changes(key: str, value: Any, name: str, expected: float) -> None:
    assert getattr(changed(key, value), name) == pytest.approx(expected)


def test_queries_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "queries.parquet"
    pd.DataFrame({"query_id": ["a", "b"]}).to_parquet(file)
    found = changed("generation.generator", {"kind": "file", "path": str(file)})
    assert (found.train, found.asked) == (363, 0)
    with pytest.raises(UserError, match=r"no.parquet: not a Parquet file .* correct generation.generator.path"):
        changed("generation.generator", {"kind": "file", "path": str(tmp_path / "no.parquet")})


def test_queries_per_passage() -> None:
    assert queries_per_passage(demo().plan.settings) == 2
    assert queries_per_passage(scifact().plan.settings) == 6


def test_distinct_documents_of_finished_runs() -> None:
    for pairs, documents, had in [
        (14_903, 2854, 2572),
        (5665, 2854, 1905),
        (116_677, 5183, 5182),
        (16_481, 5183, 4565),
    ]:
        assert near(distinct(pairs, documents), had, 1.2)
    assert pool(2, 20, 10) == 9
