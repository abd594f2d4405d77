"""Score pairs in parts. Each part is stored, so that an interruption loses at most one, and no pair is scored twice."""

import contextlib
import logging
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from listill.errors import UserError
from listill.progress import Whole
from listill.teachers.keys import DistinctPairs
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.store import ScoreStore
from listill.teachers.teacher import Teacher

# Number of pairs per part, unless a single query or passage has more; those that were scored before are left out. A
# cross-encoder on a CPU takes minutes per part.
PART = 65_536
log = logging.getLogger("listill")


def scores_in_parts(
    queries: pd.DataFrame,
    pairs: Pairs,
    members: Mapping[str, Teacher],
    resources: Resources,
    stores: Mapping[str, ScoreStore],
) -> Iterator[pd.DataFrame]:
    """Yield the raw scores of all teachers and pairs as tables (query_id, doc_id, teacher, score).

    ``queries`` are the queries of the pairs, with query_id. The scores of an edited text are stored under the id of the
    query's source passage. ``stores`` has a store for each teacher; only pairs that are not in it are scored. Raises
    UserError if a teacher's scores are not one finite number per pair.
    """
    collection = pairs.collection
    query_ids = queries["query_id"].to_numpy()
    document = pairs.document()
    distinct = DistinctPairs.among(pairs)
    for name, member in members.items():
        scores = _scores(name, member, pairs, distinct, resources, stores[name])[distinct.of]
        for start in range(0, len(pairs), PART):
            rows = slice(start, start + PART)
            ids = {"query_id": query_ids[pairs.query[rows]], "doc_id": collection.ids_at(document[rows])}
            yield pd.DataFrame({**ids, "teacher": name, "score": scores[rows]})


def score_share(
    pairs: Pairs,
    members: Mapping[str, Teacher],
    resources: Resources,
    stores: Mapping[str, ScoreStore],
    share: slice,
) -> None:
    """Score and store the parts of all teachers that are in ``share``, such as every fourth one.

    The parts of all shares together are those of ``scores_in_parts``, each once. Raises UserError as it does.
    """
    distinct = DistinctPairs.among(pairs)
    for name, member in members.items():
        _scores(name, member, pairs, distinct, resources, stores[name], share)


def _scores(
    name: str,
    member: Teacher,
    pairs: Pairs,
    distinct: DistinctPairs,
    resources: Resources,
    store: ScoreStore,
    share: slice = slice(None),
) -> np.ndarray:
    """Return the score of each distinct pair (float32), from the store or computed and stored in parts.

    Only the parts in ``share`` are computed; what is missing of the others is NaN.
    """
    scores = store.find(distinct.keys)
    new = int(np.isnan(scores).sum())
    if new < len(scores):
        log.info("teacher %s: %d of %d pairs have been scored before", name, len(scores) - new, len(scores))
    parts = list(_new_parts(member, pairs, distinct, scores, share)) if new else []
    if not parts:  # the model is not loaded
        return scores
    of_member = member.score_parts((_part(pairs, chosen, member) for chosen in parts), resources)
    with Whole(sum(map(len, parts)), "pairs"), contextlib.closing(of_member):
        for chosen, part_scores in zip(parts, of_member, strict=True):
            numbers = distinct.of[chosen]
            scores[numbers] = _checked(name, pairs.take(chosen), part_scores)
            store.add(distinct.keys[:, numbers], scores[numbers])
    return scores


def _new_parts(
    member: Teacher, pairs: Pairs, distinct: DistinctPairs, scores: np.ndarray, share: slice
) -> Iterator[np.ndarray]:
    """Yield the positions of the pairs without a score in the parts of ``share``; parts that have none are left out.

    All pairs are divided, not only those that are new. Which pairs are scored together therefore does not depend on
    which parts have been stored meanwhile, by this job or by others.
    """
    first = np.sort(distinct.first)
    groups = pairs.query if member.whole == "queries" else pairs.text
    for chosen in list(in_whole_groups(groups[first], PART))[share]:
        part = first[chosen]
        part = part[np.isnan(scores[distinct.of[part]])]
        if len(part):
            yield part


def _part(pairs: Pairs, chosen: np.ndarray, member: Teacher) -> Pairs:
    """Return the pairs at the positions ``chosen``.

    Whole passages have pairs with nearly all queries. The list of queries then stays as it is, so that a teacher can keep
    what it has computed of the queries for the next part.
    """
    part = pairs.take(chosen)
    return part.compact() if member.whole == "queries" else part


def in_whole_groups(groups: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield the positions of ``groups`` in parts of whole groups, each ascending, in the order of the groups.

    A part has at most ``size`` positions, unless a single group is larger.
    """
    order = np.argsort(groups, kind="stable")
    ends = np.cumsum(np.unique(groups, return_counts=True)[1])
    start = 0
    while start < len(order):
        last = max(np.searchsorted(ends, start + size, "right") - 1, np.searchsorted(ends, start, "right"))
        yield np.sort(order[start : ends[last]])
        start = ends[last]


def _checked(name: str, part: Pairs, scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, dtype=np.float32)
    if scores.shape != (len(part),):
        raise UserError(
            f"teacher {name}: its scores of {len(part)} pairs have the shape {scores.shape}; return one score per pair"
        )
    if not np.isfinite(scores).all():
        pair = part.describe(int(np.flatnonzero(~np.isfinite(scores))[0]))
        raise UserError(f"teacher {name}: its score of {pair} is not a number; check the teacher's model")
    return scores
