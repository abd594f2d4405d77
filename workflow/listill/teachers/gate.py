"""The gate: check that the teacher ranks better than the students, which otherwise could not learn from it."""

import logging
from pathlib import Path

import pandas as pd

from listill.errors import UserError
from listill.evaluation.measures import per_query
from listill.evaluation.topics import EvaluationQueries
from listill.measure_names import SELECTION
from listill.retrieval.runs import with_ids
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.rerank import ensemble_run, member_runs, score_pool
from listill.teachers.resources import Resources

log = logging.getLogger("listill")


def measure(
    evaluated: EvaluationQueries, teacher: TeacherEnsemble, resources: Resources, depth: int, work: Path
) -> pd.DataFrame:
    """Return the table of the gate: the results of the teacher, each of its members and the students.

    They are measured on the dev queries or, if there are none, on the held-out queries. The teacher reranks the first
    ``depth`` documents of BM25 and of each student. ``work`` is the folder of finished parts. Raises UserError if there
    are no dev or held-out queries.
    """
    split = "dev" if (evaluated.queries["split"] == "dev").any() else "heldout"
    queries = evaluated.queries[evaluated.queries["split"] == split].reset_index(drop=True)
    judged = evaluated.qrels[evaluated.qrels["split"] == split]
    if judged.empty:
        raise UserError(
            "the teacher cannot be measured: there are neither dev topics nor held-out synthetic queries; add "
            "either of them"
        )
    collection = resources.collection
    query_ids, query_texts = queries["query_id"].tolist(), queries["text"].tolist()
    runs = {
        retriever.name: with_ids(retriever.run(query_ids, query_texts, depth), query_ids, collection)
        for retriever in resources.retrievers()
    }
    scores = score_pool(collection, queries, pd.concat(runs.values()), teacher, resources, work)
    runs["teacher"] = ensemble_run(scores, teacher, len(collection))
    runs |= {f"teacher.{name}": run for name, run in member_runs(scores, len(collection)).items()}
    rows = []
    for name in ("teacher", *(f"teacher.{name}" for name in teacher.members), *resources.students):
        values = per_query(runs[name], judged, [SELECTION])["value"]
        rows.append((name, split, SELECTION, values.mean(), len(values)))
        log.info("gate: %s %s %.3f on %d %s queries", name, SELECTION, values.mean(), len(values), split)
    return pd.DataFrame(rows, columns=["system", "split", "measure", "value", "queries"])


def decide(values: "pd.Series[float]", students: list[str], margin: float, split: str) -> str:
    """Return the reason why the teacher fails, or an empty string; ``values`` holds the measure of each system."""
    teacher, best_student = values["teacher"], values[students].idxmax()
    members = values[[name for name in values.index if name.startswith("teacher.")]]
    if len(members) > 1 and members.max() > teacher:
        log.warning(
            "gate: %s alone reaches %.3f, but the ensemble only %.3f; increase its weight or use it alone",
            members.idxmax(),
            members.max(),
            teacher,
        )
    if teacher >= values[best_student] + margin:
        log.info("gate: passed: the teacher is better than %s by %.3f", best_student, teacher - values[best_student])
        return ""
    return (
        f"on {split} queries, the teacher has {SELECTION} {teacher:.3f} and the student {best_student} has "
        f"{values[best_student]:.3f}, so there is nothing to learn from the teacher"
    )
