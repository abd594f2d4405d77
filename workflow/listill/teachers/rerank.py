"""Rerank candidates with the teachers."""

from collections.abc import Mapping

import pandas as pd

from listill.retrieval.runs import ranked
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.ensemble import combine
from listill.teachers.pairs import pairs_of
from listill.teachers.parts import scores_in_parts
from listill.teachers.resources import Resources
from listill.teachers.store import ScoreStore


def score_pool(
    queries: pd.DataFrame,
    pool: pd.DataFrame,
    teacher: TeacherEnsemble,
    resources: Resources,
    stores: Mapping[str, ScoreStore],
) -> pd.DataFrame:
    """Return the raw scores (query_id, doc_id, teacher, score) of every teacher for ``pool`` (query_id, doc_id).

    ``queries`` has query_id and text. Passages are scored unedited, as in a search by a user. Pairs that are in the
    ``stores`` are not scored again.
    """
    pairs = pairs_of(resources.collection, queries, pool, cut=False)
    parts = scores_in_parts(queries, pairs, teacher.members, resources, stores)
    return pd.concat(parts, ignore_index=True)


def ensemble_run(scores: pd.DataFrame, teacher: TeacherEnsemble, depth: int) -> pd.DataFrame:
    """Return the ensemble's run (query_id, doc_id, rank, score), computed from raw scores."""
    weights = {name: member.weight for name, member in teacher.members.items()}
    return ranked(combine(scores, weights, teacher.normalise).drop(columns="target"), depth)


def member_runs(scores: pd.DataFrame, depth: int) -> dict[str, pd.DataFrame]:
    """Return the run of each single teacher, computed from raw scores and keyed by teacher name."""
    by_teacher = scores.groupby("teacher")
    return {str(name): ranked(teacher_scores.drop(columns="teacher"), depth) for name, teacher_scores in by_teacher}
