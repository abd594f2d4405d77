"""The gate: check that the teacher ranks better than the students, which otherwise could not learn from it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from listill.errors import UserError
from listill.evaluation.measures import per_query
from listill.evaluation.significance import Comparison, Sample, compare
from listill.evaluation.topics import EvaluationQueries
from listill.measure_names import SELECTION
from listill.retrieval.runs import with_ids
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.rerank import ensemble_run, member_runs, score_pool
from listill.teachers.resources import Resources
from listill.teachers.store import ScoreStore

log = logging.getLogger("listill")

# The intervals in messages.
CONFIDENCE, RESAMPLES = 0.95, 10_000


@dataclass(frozen=True)
class GateResults:
    """What the gate measured.

    ``values`` [queries, systems] are nDCG@10 of the teacher, its members and the students, ``sample`` the clusters and
    weights of the queries, ``described`` the number and kind of the queries. ``candidates`` (query_id, doc_id,
    retriever, rank, score) are the documents that BM25 and the students found.
    """

    values: pd.DataFrame
    sample: Sample
    split: str
    described: str
    candidates: pd.DataFrame

    @property
    def means(self) -> "pd.Series[float]":
        """The mean of each system."""
        return pd.Series(self.sample.mean(self.values.to_numpy()), index=self.values.columns)

    @property
    def table(self) -> pd.DataFrame:
        """The table ``gate``."""
        rows = [(name, self.split, SELECTION, value, len(self.values)) for name, value in self.means.items()]
        return pd.DataFrame(rows, columns=["system", "split", "measure", "value", "queries"])

    def difference(self, system: str, other: str) -> Comparison:
        """Return the difference of two systems with its interval."""
        differences = (self.values[system] - self.values[other]).to_numpy()
        return compare([differences], self.sample, RESAMPLES, CONFIDENCE, seed=0)[0]


def measure(
    evaluated: EvaluationQueries,
    teacher: TeacherEnsemble,
    resources: Resources,
    depth: int,
    stores: Mapping[str, ScoreStore],
) -> GateResults:
    """Measure the teacher, each of its members and the students.

    They are measured on the dev queries or, if there are none, on the held-out queries. The teacher reranks the first
    ``depth`` documents of BM25 and of each student. ``stores`` has the scores of each teacher. Raises UserError if there
    are no dev or held-out queries.
    """
    split = "dev" if (evaluated.judged["split"] == "dev").any() else "heldout"
    queries = evaluated.judged[evaluated.judged["split"] == split].reset_index(drop=True)
    if queries.empty:
        raise UserError(
            "the teacher cannot be measured: there are neither dev topics with a relevant document nor held-out "
            "synthetic queries; add either of them"
        )
    collection = resources.collection
    query_ids, query_texts = queries["query_id"].tolist(), queries["text"].tolist()
    runs = {
        retriever.name: with_ids(retriever.run(query_ids, query_texts, depth), query_ids, collection)
        for retriever in resources.retrievers()
    }
    candidates = pd.concat([run.assign(retriever=name) for name, run in runs.items()], ignore_index=True)
    scores = score_pool(queries, candidates, teacher, resources, stores)
    runs["teacher"] = ensemble_run(scores, teacher, len(collection))
    runs |= {f"teacher.{name}": run for name, run in member_runs(scores, len(collection)).items()}
    systems = ["teacher", *(f"teacher.{name}" for name in teacher.members), *resources.students]
    judged = evaluated.qrels[evaluated.qrels["split"] == split]
    values = {name: per_query(runs[name], judged, [SELECTION]).set_index("query_id")["value"] for name in systems}
    frame = pd.DataFrame(values)
    described = evaluated.composition(split)
    results = GateResults(frame, evaluated.sample(frame.index.tolist()), split, described, candidates)
    for name, value in results.means.items():
        log.info("gate: %s %s %.3f on %s (%s)", name, SELECTION, value, described, split)
    return results


def decide(results: GateResults, students: list[str], margin: float) -> str:
    """Return the reason why the teacher fails, or an empty string.

    Differences that could be due to chance are called so: a few queries cannot carry a decision.
    """
    means = results.means
    teacher, best_student = means["teacher"], str(means[students].idxmax())
    members = means[[name for name in means.index if name.startswith("teacher.")]]
    if len(members) > 1 and members.max() > teacher:
        best_member = str(members.idxmax())
        if results.difference(best_member, "teacher").low > 0:
            log.warning(
                "gate: %s alone reaches %.3f, but the ensemble only %.3f; increase its weight or use it alone",
                best_member,
                members.max(),
                teacher,
            )
    difference = results.difference("teacher", best_student)
    interval = (
        f"difference {difference.delta:+.3f}, interval {difference.low:+.3f} to {difference.high:+.3f}, "
        f"{results.described}"
    )
    passed = teacher >= means[best_student] + margin
    if difference.low <= margin <= difference.high:
        log.warning(
            "gate: this could be due to chance (%s): more dev topics would tell whether the teacher is better", interval
        )
    if passed:
        log.info("gate: passed: the teacher is better than %s by %.3f (%s)", best_student, difference.delta, interval)
        return ""
    return (
        f"on {results.split} queries, the teacher has {SELECTION} {teacher:.3f} and the student {best_student} has "
        f"{means[best_student]:.3f} ({interval}), so there is nothing to learn from the teacher"
    )
