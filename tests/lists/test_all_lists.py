"""All lists of a student: the same in blocks of any size, with filters that compare all queries."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.corpus.collection import Collection
from listill.lists import by_query
from listill.lists.all_lists import AllLists, Pool, all_lists
from listill.lists.build import Ensemble
from listill.lists.by_query import ByQuery
from listill.settings.lists import Lists

DOCUMENTS, QUERIES = 40, 50
IDS = [f"d{i:02}" for i in range(DOCUMENTS)]
COLLECTION = Collection(IDS, [None] * DOCUMENTS, IDS, np.arange(DOCUMENTS))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, pd.DataFrame]:
    draw = np.random.default_rng(0)
    names = [f"q{i:02}" for i in range(QUERIES)]
    source = draw.integers(0, DOCUMENTS, QUERIES)
    queries = pd.DataFrame({"query_id": names, "type": "claim", "doc_id": [IDS[i] for i in source]})
    queries.loc[::9, "type"] = "human"
    rows = []
    for name, own in zip(names, source, strict=True):
        found = [int(own), *(int(d) for d in draw.permutation(DOCUMENTS) if d != own)][: int(draw.integers(4, 12))]
        found = found[1:] + found[:1] if draw.random() < 0.2 else found
        rows += [(name, IDS[d], "r", rank, 0.0) for rank, d in enumerate(found, 1)]
        rows += [(name, IDS[int(draw.integers(DOCUMENTS))], "random", 0, 0.0) for _ in range(4)]
    candidates = pd.DataFrame(rows, columns=["query_id", "doc_id", "retriever", "rank", "score"])
    pairs = candidates[["query_id", "doc_id"]].drop_duplicates()
    own_pairs = pairs.merge(queries, on=["query_id", "doc_id"], how="left")["type"].notna().to_numpy()
    scores = pd.concat(
        pairs.assign(teacher=teacher, score=draw.normal(size=len(pairs)) + 2 * own_pairs) for teacher in ("t", "u")
    )
    for name, frame in {"candidates": candidates, "scores": scores}.items():
        tables.write(tmp_path / f"{name}.parquet", name, frame, tables.Provenance(name, "f"))
    return tmp_path, queries.set_index("query_id", drop=False)


def built(folder: Path, queries: pd.DataFrame, normalise: str, within: int | None, **settings: Any) -> AllLists:
    ids = queries.index.tolist()
    pool = Pool(
        ByQuery(folder / "candidates.parquet", "candidates", ids, ["query_id", "doc_id", "retriever", "rank"]),
        ByQuery(folder / "scores.parquet", "scores", ids, ["query_id", "doc_id", "teacher", "score"]),
        retriever="r",
        all_retrievers=False,
        found_within=within,
    )
    banned, ensemble = np.zeros(DOCUMENTS, bool), Ensemble({"t": 2.0, "u": 1.0}, normalise)
    positives = queries[["query_id", "doc_id"]].reset_index(drop=True).assign(relevance=1)
    return all_lists(queries, positives, COLLECTION, banned, pool, ensemble, Lists.model_validate(settings), 1)


@pytest.mark.parametrize(
    ("normalise", "within", "settings", "reason"),
    [
        ("minmax", None, {}, "teacher disagrees"),
        ("percentile", None, {}, "teacher disagrees"),
        ("zscore", 3, {}, "inconsistent"),
        ("minmax", None, {"quality_percentile": 20, "top1": False}, "low quality"),
        ("percentile", 5, {"quality_percentile": 90, "quality_of": "all"}, "low quality"),
        ("rank", None, {"min_score": {"t": "auto", "u": 0.5}}, "below min_score"),
    ],
)
def test_blocks_of_any_size_give_the_same_lists(
    files: tuple[Path, pd.DataFrame],
    normalise: str,
    within: int | None,
    settings: dict[str, Any],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = built(*files, normalise, within, **settings)
    assert reason in whole.reasons.values()
    assert 0 < len(whole.lists) < QUERIES
    assert whole.lists["query_id"].to_pylist() == sorted(q for q, why in whole.reasons.items() if why == "kept")
    for block in (1, 7):
        monkeypatch.setattr(by_query, "BLOCK", block)
        parts = built(*files, normalise, within, **settings)
        assert parts.lists.equals(whole.lists)
        assert parts.reasons == whole.reasons
        assert parts.thresholds == whole.thresholds


def test_low_quality_replaces_kept(files: tuple[Path, pd.DataFrame]) -> None:
    plain, filtered = (built(*files, "minmax", None, quality_percentile=p) for p in (0, 40))
    changed = {q for q in plain.reasons if plain.reasons[q] != filtered.reasons[q]}
    assert {filtered.reasons[q] for q in changed} == {"low quality"}
    assert {plain.reasons[q] for q in changed} == {"kept"}
    kept = [q for q in plain.lists["query_id"].to_pylist() if q not in changed]
    assert filtered.lists["query_id"].to_pylist() == kept
