"""From candidates and teachers' scores to the training lists of one student."""

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
    """How the teachers' scores become one: the weight of each teacher, and the normalisation."""

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
    """Return the lists (query_id, type, split, doc_ids, scores) and, for each query that has scores, ``kept`` or why not.

    ``queries``: type, indexed by query_id; ``scores``: query_id, doc_id, teacher, score of the candidates; ``positives``:
    query_id, doc_id; ``banned``: documents that stand in no list as negatives (bool [documents]). Raises ValueError if a
    teacher has not scored a candidate.
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
        chosen = _list_of(Pool(*columns), human, collection, banned, settings, f"{seed}:{query_id}")
        if isinstance(chosen, str):
            reasons[str(query_id)] = chosen
            continue
        documents, values = chosen
        reasons[str(query_id)] = "kept"
        rows.append((query_id, [collection.doc_ids[i] for i in documents], values.astype(np.float32)))
    lists = pd.DataFrame(rows, columns=["query_id", "doc_ids", "scores"]).set_index("query_id", drop=False)
    if len(lists):
        low = low_quality(lists, queries.loc[lists.index, "type"], scores, ensemble.weights, settings)
        reasons |= dict.fromkeys(lists.index[low], "low quality")
        lists = lists[~low]
    return lists.assign(type=queries.loc[lists.index, "type"], split="train").sort_index(), reasons


def _list_of(
    pool: Pool, human: bool, collection: Collection, banned: np.ndarray, settings: Lists, seed: str
) -> tuple[np.ndarray, np.ndarray] | str:
    """Return the documents and scores of one query's list, or why it has none."""
    if not human and settings.top1 and not teacher_agrees(pool, collection.group):
        return "teacher disagrees"
    if pool.scores.max() == pool.scores.min():
        return "teacher undecided"
    if human and settings.judgement_margin is not None:
        pool = with_raised_positives(pool, settings.judgement_margin)
    documents, values = choose(pool, collection.group, banned, settings, seed)
    return (documents, values) if len(documents) > 1 else "no negatives"
