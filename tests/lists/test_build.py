"""Building lists from candidates and scores."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.lists.build import Ensemble, build_lists
from listill.settings.lists import Lists

COLLECTION = Collection(list("abcde"), [None] * 5, list("vwxyy"), np.array([0, 1, 2, 3, 3]))  # e is a duplicate of d
# query: (type, positives, scores of the first, or all, documents)
QUERIES: dict[str, tuple[str, list[str], list[float]]] = {
    "agreed": ("lead", ["a"], [9.0, 4.0, 2.0, 1.0]),
    "contradicted": ("lead", ["a"], [4.0, 9.0, 2.0, 1.0]),
    "twin": ("lead", ["e"], [3.0, 2.0, 1.0, 9.0, 8.0]),
    "undecided": ("lead", ["b"], [5.0, 5.0]),
    "alone": ("lead", ["a"], [9.0, 1.0]),
    "judged": ("human", ["b", "c"], [10.0, 0.0, 5.0]),
}
BANNED = np.array([False, True, False, False, False])


def built(
    banned: np.ndarray = BANNED, only: list[str] | None = None, weights: dict[str, float] | None = None, **settings: Any
) -> tuple[pd.DataFrame, dict[str, str]]:
    chosen = {name: QUERIES[name] for name in only or QUERIES}
    queries = pd.DataFrame({"type": {name: kind for name, (kind, _, _) in chosen.items()}})
    positives = pd.DataFrame(
        [(name, doc) for name, (_, docs, _) in chosen.items() for doc in docs], columns=["query_id", "doc_id"]
    )
    scores = pd.DataFrame(
        [(name, doc, "t", s) for name, (_, _, row) in chosen.items() for doc, s in zip("abcde", row, strict=False)],
        columns=["query_id", "doc_id", "teacher", "score"],
    )
    ensemble = Ensemble(weights or {"t": 1.0}, "minmax")
    repeated = pd.concat([positives, positives])  # a judgement of the source passage repeats it
    return build_lists(queries, scores, repeated, COLLECTION, banned, ensemble, Lists.model_validate(settings), seed=1)


def by_query(lists: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {
        query: dict(zip(ids, [round(float(s), 3) for s in values], strict=True))
        for query, ids, values in zip(lists["query_id"], lists["doc_ids"], lists["scores"], strict=True)
    }


def test_lists_and_reasons() -> None:
    lists, reasons = built(judgement_margin=0.5)
    assert reasons == {
        "agreed": "kept",
        "contradicted": "teacher disagrees",
        "twin": "kept",
        "undecided": "teacher undecided",
        "alone": "no negatives",  # its only other candidate is held out
        "judged": "kept",
    }
    assert by_query(lists) == {
        "agreed": {"a": 1.0, "c": 0.125, "d": 0.0},  # b is held out
        "judged": {"b": 1.5, "c": 1.5, "a": 1.0},  # a held-out positive is kept: only negatives are banned
        "twin": {"e": 0.875, "a": 0.25, "c": 0.0},  # the duplicate d of the positive is not a negative
    }
    assert lists["query_id"].is_monotonic_increasing
    assert lists[["type", "split"]].to_numpy().tolist() == [["lead", "train"], ["human", "train"], ["lead", "train"]]
    assert {row.dtype for row in lists["scores"]} == {np.dtype(np.float32)}


def test_filters_can_be_turned_off() -> None:
    lists, reasons = built(np.zeros(5, dtype=bool), top1=False, judgement_margin=None)
    assert reasons == dict.fromkeys(QUERIES, "kept") | {"undecided": "teacher undecided"}
    kept = by_query(lists)
    assert kept["contradicted"] == {"a": 0.375, "b": 1.0, "c": 0.125, "d": 0.0}
    assert kept["judged"] == {"c": 0.5, "a": 1.0, "b": 0.0}  # the better positive comes first


def test_low_quality_replaces_kept() -> None:
    lists, reasons = built(np.zeros(5, dtype=bool), only=["agreed", "twin", "judged"], quality_percentile=50)
    assert reasons == {"agreed": "kept", "twin": "low quality", "judged": "kept"}
    assert list(lists["query_id"]) == ["agreed", "judged"]


def test_all_queries_are_dropped() -> None:
    lists, reasons = built(only=["contradicted", "undecided"], quality_percentile=50)
    assert lists.empty
    assert {"query_id", "type", "split", "doc_ids", "scores"} <= set(lists.columns)
    assert reasons == {"contradicted": "teacher disagrees", "undecided": "teacher undecided"}


def test_missing_scores_of_a_teacher_are_an_error() -> None:
    with pytest.raises(ValueError, match="teacher u has no scores"):
        built(weights={"t": 1.0, "u": 1.0})


def test_unknown_document() -> None:
    scores = pd.DataFrame({"query_id": ["q"], "doc_id": ["zz"], "teacher": "t", "score": [1.0]})
    positives = pd.DataFrame({"query_id": ["q"], "doc_id": ["a"]})
    queries = pd.DataFrame({"type": {"q": "lead"}})
    with pytest.raises(UserError, match="document 'zz' is not in the corpus"):
        build_lists(queries, scores, positives, COLLECTION, BANNED, Ensemble({"t": 1.0}, "minmax"), Lists(), seed=1)
