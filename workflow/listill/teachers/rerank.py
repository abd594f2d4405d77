"""Runs of the teachers: candidates in, rankings out."""

from pathlib import Path

import pandas as pd

from listill.corpus.collection import Collection
from listill.retrieval.runs import ranked
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.ensemble import combine
from listill.teachers.pairs import pairs_of
from listill.teachers.parts import scores_in_parts
from listill.teachers.resources import Resources


def score_pool(
    collection: Collection,
    queries: pd.DataFrame,
    pool: pd.DataFrame,
    teacher: TeacherEnsemble,
    resources: Resources,
    work: Path,
) -> pd.DataFrame:
    """Return the raw scores (query_id, doc_id, teacher, score) of every teacher for ``pool`` (query_id, doc_id).

    ``queries`` has query_id and text; the passages are whole, as any user would have them ranked. ``work`` keeps the parts
    that are done (see ``in_parts``).
    """
    pairs = pairs_of(collection, queries, pool, cut=False)
    parts = scores_in_parts(collection, queries, pairs, teacher.members, resources, work)
    return pd.concat(parts, ignore_index=True)


def ensemble_run(scores: pd.DataFrame, teacher: TeacherEnsemble, depth: int) -> pd.DataFrame:
    """Return the run (query_id, doc_id, rank, score) of the ensemble from raw scores."""
    weights = {name: member.weight for name, member in teacher.members.items()}
    return ranked(combine(scores, weights, teacher.normalise), depth)


def member_runs(scores: pd.DataFrame, depth: int) -> dict[str, pd.DataFrame]:
    """Return the run of each teacher alone from raw scores, by the teachers' names."""
    return {str(name): ranked(own.drop(columns="teacher"), depth) for name, own in scores.groupby("teacher")}
