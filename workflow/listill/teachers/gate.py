"""The gate: is the teacher better than the students? If not, there is nothing to learn from it."""

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
    """Return the table of the gate: the teacher, each of its members and the students on dev (else held-out) queries.

    The teacher reranks the first ``depth`` documents of BM25 and of each student. ``work`` keeps finished parts. UserError
    if there is no such query.
    """
    split = "dev" if (evaluated.queries["split"] == "dev").any() else "heldout"
    queries = evaluated.queries[evaluated.queries["split"] == split].reset_index(drop=True)
    judged = evaluated.qrels[evaluated.qrels["split"] == split]
    if judged.empty:
        raise UserError("neither dev topics nor held-out synthetic queries: the teacher cannot be measured")
    collection = resources.collection
    query_ids, texts = queries["query_id"].tolist(), queries["text"].tolist()
    runs = {
        retriever.name: with_ids(retriever.run(query_ids, texts, depth), query_ids, collection)
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
    """Return what is wrong with the teacher, or an empty text; ``values`` holds the measure of each system."""
    teacher, best = values["teacher"], values[students].idxmax()
    alone = values[[name for name in values.index if name.startswith("teacher.")]]
    if len(alone) > 1 and alone.max() > teacher:
        log.warning(
            "gate: %s alone reaches %.3f, the ensemble %.3f: give it more weight, or take it alone",
            alone.idxmax(),
            alone.max(),
            teacher,
        )
    if teacher >= values[best] + margin:
        log.info("gate: passed: the teacher is better than %s by %.3f", best, teacher - values[best])
        return ""
    return (
        f"the teacher's {SELECTION} on {split} queries is {teacher:.3f}, that of {best} {values[best]:.3f}: "
        "nothing to learn from it"
    )
