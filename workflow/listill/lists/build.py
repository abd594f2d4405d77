"""Build the training lists of one student from candidates and teacher scores."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.lists.choice import Pool, choose
from listill.lists.filters import low_quality, teacher_agrees, with_raised_positives
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
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the lists and, for each query with scores, ``kept`` or the reason why it was dropped.

    ``queries`` has the column type and is indexed by query_id. ``scores`` (query_id, doc_id, teacher, score) holds the
    candidates' scores, ``positives`` (query_id, doc_id) the relevant documents. ``banned`` marks the documents that
    must not be used as negatives (bool [documents]). The lists have the columns query_id, type, split, doc_ids and
    scores. Raises ValueError if a teacher has not scored a candidate.
    """
    pool = combine(scores, ensemble.weights, ensemble.normalise)
    pool = pool.merge(positives.drop_duplicates().assign(positive=True), on=["query_id", "doc_id"], how="left")
    pool["positive"] = pool["positive"].notna()
    pool["document"] = collection.positions(pool["doc_id"].tolist(), "scores")
    reasons: dict[str, str] = {}
    rows = []
    for query_id, candidates in pool.sort_values(["query_id", "document"]).groupby("query_id"):
        columns = (candidates[name].to_numpy() for name in ("document", "score", "positive"))
        human = queries.at[query_id, "type"] == HUMAN
        list_or_reason = _build_list(Pool(*columns), human, collection, banned, settings, f"{seed}:{query_id}")
        if isinstance(list_or_reason, str):
            reasons[str(query_id)] = list_or_reason
            continue
        documents, list_scores = list_or_reason
        reasons[str(query_id)] = "kept"
        rows.append((query_id, [collection.doc_ids[i] for i in documents], list_scores.astype(np.float32)))
    lists = pd.DataFrame(rows, columns=["query_id", "doc_ids", "scores"]).set_index("query_id", drop=False)
    if len(lists):
        low = low_quality(lists, queries.loc[lists.index, "type"], scores, ensemble.weights, settings)
        reasons |= dict.fromkeys(lists.index[low], "low quality")
        lists = lists[~low]
    return lists.assign(type=queries.loc[lists.index, "type"], split="train").sort_index(), reasons


def _build_list(
    pool: Pool, human: bool, collection: Collection, banned: np.ndarray, settings: Lists, seed: str
) -> tuple[np.ndarray, np.ndarray] | str:
    """Return the documents and scores of one query's list, or the reason why the query is dropped."""
    if not human and settings.top1 and not teacher_agrees(pool, collection.group):
        return "teacher disagrees"
    if pool.scores.max() == pool.scores.min():
        return "teacher undecided"
    if human and settings.judgement_margin is not None:
        pool = with_raised_positives(pool, settings.judgement_margin)
    documents, scores = choose(pool, collection.group, banned, settings, seed)
    return (documents, scores) if len(documents) > 1 else "no negatives"
