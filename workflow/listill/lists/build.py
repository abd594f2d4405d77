"""Build the training lists of one student from candidates and teacher scores."""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.lists.choice import Pool, choose
from listill.lists.filters import low_quality, teacher_agrees, with_raised_positives
from listill.lists.near_positives import near_positives, with_more_positives
from listill.schemas import HUMAN
from listill.settings.lists import Lists
from listill.teachers.ensemble import combine


@dataclass(frozen=True)
class Ensemble:
    """How the teachers' scores are combined into one score: the weight of each teacher, and the normalisation."""

    weights: dict[str, float]
    normalise: str


def build_lists(
    queries: pd.DataFrame,
    scores: pd.DataFrame,
    positives: pd.DataFrame,
    collection: Collection,
    banned: np.ndarray,
    ensemble: Ensemble,
    settings: Lists,
    seed: int,
    too_low: Set[str] = frozenset(),
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the lists and, for each query with scores, ``kept`` or the reason why it was dropped.

    ``queries`` has the column type and is indexed by query_id. ``scores`` (query_id, doc_id, teacher, score) holds the
    candidates' scores, ``positives`` (query_id, doc_id, relevance) the relevant documents. ``banned`` marks the
    documents that must not be used as negatives (bool [documents]). ``too_low`` are the queries that are dropped because
    their source passage scores below ``settings.min_score``. The lists have the columns of the table lists,
    indexed by query_id. Raises ValueError if a teacher has not scored a candidate, or no teacher any positive.
    """
    pool = _scored(scores, positives, collection, ensemble)
    doc_ids = np.array(collection.doc_ids, dtype=object)
    reasons: dict[str, str] = {}
    rows = []
    for query_id, candidates in pool.groupby("query_id"):
        if query_id in too_low:
            reasons[str(query_id)] = "below min_score"
            continue
        columns = (candidates[name].to_numpy() for name in ("document", "score", "target", "relevance"))
        human = queries.at[query_id, "type"] == HUMAN
        list_or_reason = _build_list(str(query_id), Pool(*columns), human, collection.group, banned, settings, seed)
        if isinstance(list_or_reason, str):
            reasons[str(query_id)] = list_or_reason
            continue
        reasons[str(query_id)] = "kept"
        in_list, left_out, near = list_or_reason
        near_ids = doc_ids[near].tolist()
        rows.append((query_id, *_columns(in_list, doc_ids), *_columns(left_out, doc_ids), near_ids))
    names = ["query_id", "doc_ids", "scores", "other_ids", "other_scores", "near_positives"]
    lists = pd.DataFrame(rows, columns=names)
    lists = lists.set_index("query_id", drop=False)
    if len(lists):
        low = low_quality(lists, queries.loc[lists.index, "type"], scores, ensemble.weights, settings)
        reasons |= dict.fromkeys(lists.index[low], "low quality")
        lists = lists[~low]
    return lists.assign(type=queries.loc[lists.index, "type"], split="train").sort_index(), reasons


def _scored(scores: pd.DataFrame, positives: pd.DataFrame, collection: Collection, ensemble: Ensemble) -> pd.DataFrame:
    """Return the candidates with the columns of ``combine``, document (position) and relevance (0: no positive)."""
    ids = ["query_id", "doc_id"]
    relevance = positives.groupby(ids, as_index=False)["relevance"].max()  # a judgement may repeat the source passage
    pool = combine(scores, ensemble.weights, ensemble.normalise).merge(relevance, on=ids, how="left")
    pool["relevance"] = pool["relevance"].fillna(0).astype(np.int64)
    pool["document"] = collection.positions(pool["doc_id"].tolist(), "scores")
    return pool.sort_values(["query_id", "document"])


def _build_list(
    query_id: str, pool: Pool, human: bool, group: np.ndarray, banned: np.ndarray, settings: Lists, seed: int
) -> tuple[Pool, Pool, np.ndarray] | str:
    """Return why one query is dropped, or the candidates in its list, those that it leaves out, and the documents
    (positions) that the teacher scores near the positive and that are treated as ``settings.near_positive`` says.
    """
    if not human and settings.top1 and not teacher_agrees(pool, group):
        return "teacher disagrees"
    if not pool.positive.any():
        raise ValueError(
            f"query {query_id}: none of its positives has been scored; mine and score the candidates again"
        )
    near = np.zeros(len(pool.documents), dtype=bool)
    if settings.near_positive != "keep":
        near = near_positives(pool, group, settings.near_positive_share)
    banned_here = banned[pool.documents]
    if settings.near_positive == "positive":
        pool = with_more_positives(pool, near & ~banned_here)
    if human and settings.judgement_margin is not None:
        pool = with_raised_positives(pool, settings.judgement_margin)
    chosen = choose(pool, group, banned_here | near, settings, f"{seed}:{query_id}")
    in_list = pool.take(chosen)
    if in_list.positive.all():
        return "no negatives"
    if in_list.targets.max() == in_list.targets.min():
        return "teacher undecided"
    rest = np.setdiff1d(np.arange(len(pool.documents)), chosen)
    return in_list, pool.take(rest[np.argsort(-pool.targets[rest], kind="stable")]), pool.documents[near]


def _columns(pool: Pool, doc_ids: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the ids and the targets of candidates as a row of the table holds them."""
    return doc_ids[pool.documents].tolist(), pool.targets.astype(np.float32)
