"""Building lists from candidates and scores."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.lists.build import Ensemble, build_lists
from listill.schemas import SCHEMAS
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
    "graded": ("human", ["a", "b", "e"], [4.0, 8.0, 10.0, 2.0, 0.0]),
    "tied": ("lead", ["a"], [9.0, 9.0, 9.0, 1.0]),
    "unscored": ("lead", ["d"], [9.0, 1.0]),
    "all judged": ("human", ["a", "b", "c"], [4.0, 8.0, 10.0]),
}
FEW = ["agreed", "contradicted", "twin", "undecided", "alone", "judged"]
GRADES = {("graded", "a"): 2, ("graded", "e"): 3}  # the relevance of other positives is 1
BANNED = np.array([False, True, False, False, False])


def built(
    banned: np.ndarray = BANNED,
    only: list[str] | None = None,
    weights: dict[str, float] | None = None,
    normalise: str = "minmax",
    too_low: frozenset[str] = frozenset(),
    **settings: Any,
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
    ensemble = Ensemble(weights or {"t": 1.0}, normalise)
    judged = positives.assign(relevance=[GRADES.get((q, doc), 1) for q, doc in positives.itertuples(index=False)])
    repeated = pd.concat([positives.assign(relevance=1), judged])  # a judgement of the source passage repeats it
    chosen_settings = Lists.model_validate(settings)
    return build_lists(queries, scores, repeated, COLLECTION, banned, ensemble, chosen_settings, 1, too_low)


def by_query(lists: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {
        query: dict(zip(ids, [round(float(s), 3) for s in values], strict=True))
        for query, ids, values in zip(lists["query_id"], lists["doc_ids"], lists["scores"], strict=True)
    }


def test_lists_and_reasons() -> None:
    lists, reasons = built(only=FEW, judgement_margin=0.5)
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
        "judged": {"c": 1.5, "b": 1.5, "a": 1.0},  # a held-out positive is kept: only negatives are banned
        "twin": {"e": 0.875, "a": 0.25, "c": 0.0},  # the duplicate d of the positive is not a negative
    }
    assert lists["query_id"].is_monotonic_increasing
    assert lists[["type", "split"]].to_numpy().tolist() == [["lead", "train"], ["human", "train"], ["lead", "train"]]
    assert {row.dtype for row in lists["scores"]} == {np.dtype(np.float32)}


def test_filters_can_be_turned_off() -> None:
    lists, reasons = built(np.zeros(5, dtype=bool), only=FEW, top1=False, judgement_margin=None)
    assert reasons == dict.fromkeys(FEW, "kept") | {"undecided": "teacher undecided"}
    kept = by_query(lists)
    assert kept["contradicted"] == {"a": 0.375, "b": 1.0, "c": 0.125, "d": 0.0}
    assert kept["judged"] == {"c": 0.5, "a": 1.0, "b": 0.0}  # the better positive comes first


def test_graded_judgements() -> None:
    """The most relevant document is the first, though the teacher prefers others; its duplicate d is left out."""
    lists, _ = built(only=["graded"], judgement_margin=0.3)
    assert list(lists.at["graded", "doc_ids"]) == ["e", "a", "b", "c"]
    assert lists.at["graded", "scores"].tolist() == pytest.approx([1.3, 1.2, 1.1, 1.0])
    of_teacher, _ = built(only=["graded"], judgement_margin=None)
    assert list(of_teacher.at["graded", "doc_ids"]) == ["e", "a", "b", "c"]
    assert of_teacher.at["graded", "scores"].tolist() == pytest.approx([0.0, 0.4, 0.8, 1.0])


def test_candidates_that_a_list_leaves_out_are_kept_beside_it() -> None:
    """They have the scores that they would have in the list: judged ones are raised."""
    lists, _ = built(only=["graded", "agreed"], length=3, judgement_margin=0.3)
    assert list(lists.at["graded", "doc_ids"]) == ["e", "c"]
    assert list(lists.at["graded", "other_ids"]) == ["a", "b", "d"]
    assert lists.at["graded", "other_scores"].tolist() == pytest.approx([1.2, 1.1, 0.2])
    assert lists.at["graded", "other_scores"].dtype == np.float32
    assert list(lists.at["agreed", "other_ids"]) == ["b"]  # held out
    assert lists.at["agreed", "other_scores"].tolist() == [0.375]


def test_the_checks_are_made_on_the_chosen_documents() -> None:
    assert built(only=["all judged"])[1] == {"all judged": "no negatives"}
    assert built(only=["graded"], choose="top", length=2)[1] == {"graded": "kept"}
    none = np.zeros(5, dtype=bool)
    assert built(none, only=["tied"], choose="top", length=3)[1] == {"tied": "teacher undecided"}
    assert built(none, only=["tied"], choose="stratified", length=3)[1] == {"tied": "kept"}


def test_percentile_filters_by_unclipped_scores_and_stores_clipped_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The four best of 308 scores are clipped to 1: clipped, the positive a would tie with the better b."""
    others = {f"other {i}": ("lead", ["a"], [50.0, 40.0, 30.0, 20.0, 10.0]) for i in range(60)}
    two = {"worse": ("lead", ["a"], [90.0, 91.0, 0.0, 50.0]), "better": ("lead", ["a"], [93.0, 40.0, 92.0, 20.0])}
    for name, query in (others | two).items():
        monkeypatch.setitem(QUERIES, name, query)
    free = np.zeros(5, dtype=bool)
    lists, reasons = built(free, only=[*others, *two], normalise="percentile", length=3, choose="top")
    assert reasons["worse"] == "teacher disagrees"
    assert list(lists.at["better", "doc_ids"]) == ["a", "c", "b"]
    assert lists.at["better", "scores"].tolist() == pytest.approx([1.0, 1.0, 0.4], abs=0.1)


def test_a_query_without_a_scored_positive_is_an_error() -> None:
    """Candidates made elsewhere may lack it. A synthetic query is dropped by the top-1 filter already."""
    assert built(only=["unscored"])[1] == {"unscored": "teacher disagrees"}
    with pytest.raises(ValueError, match="query unscored: none of its positives has been scored; mine and score"):
        built(only=["unscored"], top1=False)


NEAR = {
    "near": ("lead", ["a"], [10.0, 9.8, 9.7, 4.0, 4.0]),  # d and e are duplicates
    "above": ("human", ["b"], [9.0, 5.0, 4.9, 10.0, 10.0]),
}


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, query in NEAR.items():
        monkeypatch.setitem(QUERIES, name, query)
    return list(NEAR)


@pytest.mark.parametrize(
    ("how", "share", "lists", "taken"),
    [
        ("keep", 0.9, {"near": "abcde", "above": "bdeac"}, {"near": "", "above": ""}),
        ("mask", 0.9, {"near": "ade", "above": "bc"}, {"near": "bc", "above": "ade"}),
        ("mask", 0.96, {"near": "acde", "above": "bc"}, {"near": "b", "above": "ade"}),
        ("positive", 0.9, {"near": "abcde", "above": "bdac"}, {"near": "bc", "above": "ade"}),
        ("positive", 0.96, {"near": "abcde", "above": "bdac"}, {"near": "b", "above": "ade"}),
    ],
)
def test_near_positives(how: str, share: float, lists: dict[str, str], taken: dict[str, str], near: list[str]) -> None:
    """Relative scores of near are 1, .967, .95, 0, 0; of above .80, .02, 0, 1, 1: nearly all is above its positive."""
    free, settings = np.zeros(5, dtype=bool), {"length": 6, "choose": "top", "judgement_margin": 0.3}
    built_lists, _ = built(free, near, near_positive=how, near_positive_share=share, **settings)
    assert {q: "".join(ids) for q, ids in built_lists["doc_ids"].items()} == lists
    assert {q: "".join(ids) for q, ids in built_lists["near_positives"].items()} == taken
    if how == "mask":  # the teacher's scores of what is masked remain known
        assert "b" in set(built_lists.at["near", "other_ids"])


def test_near_positives_are_raised_less_than_judged_documents(near: list[str]) -> None:
    free = np.zeros(5, dtype=bool)
    lists, _ = built(free, near, near_positive="positive", length=8, judgement_margin=0.4)
    above = by_query(lists)["above"]
    assert above == {"b": 1.4, "d": 1.2, "a": 1.2, "c": 0.0}
    assert by_query(lists)["near"] == {"a": 1.0, "b": 0.967, "c": 0.95, "d": 0.0, "e": 0.0}


def test_a_held_out_passage_never_becomes_a_positive(near: list[str]) -> None:
    lists, _ = built(only=near, near_positive="positive", near_positive_share=0.9)
    assert list(lists.at["near", "doc_ids"]) == ["a", "c", "d", "e"]
    assert list(lists.at["near", "near_positives"]) == ["b", "c"]  # it is no negative either


def test_more_near_positives_than_places_are_left_out(near: list[str]) -> None:
    free = np.zeros(5, dtype=bool)
    lists, _ = built(free, ["near"], near_positive="positive", near_positive_share=0.9, length=4, positives=0.5)
    assert list(lists.at["near", "doc_ids"]) == ["a", "b", "d", "e"]


def test_if_everything_is_near_the_positive_there_is_no_list(near: list[str]) -> None:
    reasons = built(only=["above"], near_positive="mask", near_positive_share=0)[1]
    assert reasons == {"above": "no negatives"}


def test_queries_below_min_score_are_dropped_before_all_other_filters() -> None:
    lists, reasons = built(only=FEW, too_low=frozenset({"agreed", "contradicted"}))
    assert reasons["agreed"] == reasons["contradicted"] == "below min_score"
    assert list(lists["query_id"]) == ["judged", "twin"]
    assert built(only=["agreed"], too_low=frozenset({"agreed"}))[1] == {"agreed": "below min_score"}


def test_all_queries_are_dropped() -> None:
    lists, reasons = built(only=["contradicted", "undecided"])
    assert lists.empty
    assert set(SCHEMAS["lists"].names) <= set(lists.columns)
    assert reasons == {"contradicted": "teacher disagrees", "undecided": "teacher undecided"}


def test_missing_scores_of_a_teacher_are_an_error() -> None:
    with pytest.raises(ValueError, match="teacher u has no scores"):
        built(weights={"t": 1.0, "u": 1.0})


def test_unknown_document() -> None:
    scores = pd.DataFrame({"query_id": ["q"], "doc_id": ["zz"], "teacher": "t", "score": [1.0]})
    positives = pd.DataFrame({"query_id": ["q"], "doc_id": ["a"], "relevance": [1]})
    queries = pd.DataFrame({"type": {"q": "lead"}})
    with pytest.raises(UserError, match="document 'zz' is not in the corpus"):
        build_lists(queries, scores, positives, COLLECTION, BANNED, Ensemble({"t": 1.0}, "minmax"), Lists(), seed=1)
