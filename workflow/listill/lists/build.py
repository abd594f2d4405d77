"""Build training lists of one student from candidates and teacher scores."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.lists.choice import Pool, choose
from listill.lists.filters import teacher_agrees, with_raised_positives
from listill.lists.near_positives import near_positives, with_more_positives
from listill.schemas import HUMAN
from listill.settings.lists import Lists
from listill.strings import Strings
from listill.teachers.ensemble import combine


@dataclass(frozen=True)
class Ensemble:
    """How the teachers' scores are combined into one score: the weight of each teacher, and the normalisation.

    ``bounds`` are the percentiles of all scores of each teacher, if lists are built from a part of them (see ``combine``).
    """

    weights: dict[str, float]
    normalise: str
    bounds: dict[str, tuple[float, float]] | None = None


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
    reasons: dict[str, str] = {}
    rows = []
    types = queries["type"].to_dict()
    for query_id, candidates in _by_query(pool):
        if query_id in too_low:
            reasons[query_id] = "below min_score"
            continue
        human = types[query_id] == HUMAN
        list_or_reason = _build_list(query_id, candidates, human, collection.group, banned, settings, seed)
        if isinstance(list_or_reason, str):
            reasons[query_id] = list_or_reason
            continue
        reasons[query_id] = "kept"
        rows.append((query_id, *list_or_reason))
    lists = _table(rows, collection.doc_ids).set_index("query_id", drop=False)
    return lists.assign(type=queries.loc[lists.index, "type"], split="train").sort_index(), reasons


def _scored(scores: pd.DataFrame, positives: pd.DataFrame, collection: Collection, ensemble: Ensemble) -> pd.DataFrame:
    """Return the candidates with the columns of ``combine``, document (position) and relevance (0: no positive)."""
    ids = ["query_id", "doc_id"]
    relevance = positives.groupby(ids, as_index=False)["relevance"].max()  # a judgement may repeat the source passage
    pool = combine(scores, ensemble.weights, ensemble.normalise, ensemble.bounds).merge(relevance, on=ids, how="left")
    pool["relevance"] = pool["relevance"].fillna(0).astype(np.int64)
    pool["document"] = collection.positions(pool["doc_id"].tolist(), "scores")
    return pool.sort_values(["query_id", "document"])


def _by_query(pool: pd.DataFrame) -> Iterator[tuple[str, Pool]]:
    """Yield the candidates of each query; ``pool`` is sorted by query_id."""
    query_ids = pool["query_id"].to_numpy(dtype=object)
    columns = [pool[name].to_numpy() for name in ("document", "score", "target", "relevance")]
    starts = np.flatnonzero(np.append(True, query_ids[1:] != query_ids[:-1])) if len(pool) else np.empty(0, int)
    for start, end in zip(starts, [*starts[1:], len(pool)], strict=False):
        yield query_ids[start], Pool(*(column[start:end] for column in columns))


def _table(rows: Sequence[tuple[str, Pool, Pool, np.ndarray]], doc_ids: Strings) -> pd.DataFrame:
    """Return the columns of the lists, of which ``rows`` have the query, the list, what it leaves out and what is near."""
    documents = [part for _, in_list, left_out, near in rows for part in (in_list.documents, left_out.documents, near)]
    ids = list(doc_ids.take(np.concatenate([*documents, np.empty(0, np.int64)])))
    ends = np.cumsum([len(part) for part in documents]).tolist()
    parts = [ids[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return pd.DataFrame(
        {
            "query_id": pd.Series([query_id for query_id, *_ in rows], dtype=str),
            "doc_ids": parts[0::3],
            "scores": [in_list.targets.astype(np.float32) for _, in_list, _, _ in rows],
            "other_ids": parts[1::3],
            "other_scores": [left_out.targets.astype(np.float32) for _, _, left_out, _ in rows],
            "near_positives": parts[2::3],
        }
    )


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
