"""Evaluate all systems on the same queries and compare each with its base: per query, means, intervals, p-values.

The base of <student>.<variant> and <student>+bm25 is <student>; the base of any other system is the first student.
p-values are Holm-corrected over all systems that are compared with the same base on one split and measure. The tests
draw clusters of queries that ask for the same documents. The seeds of a variant are one system.
"""

import logging

from listill.errors import UserError
from listill.settings.config import Settings
from listill.settings.evaluation import Evaluation
from listill.stages.command import In, Ins, MaybeOut, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 2

DEFAULTS = Evaluation()
log = logging.getLogger("listill")


class EvaluateStage(StageSettings):
    """The settings that the results depend on. Empty ``students`` are derived from the names of the systems."""

    measures: list[str] = DEFAULTS.measures
    resamples: int = DEFAULTS.resamples
    confidence: float = DEFAULTS.confidence
    seed: int = 42
    students: tuple[str, ...] = ()


def settings(config: Settings, corpus: str) -> EvaluateStage:
    """Return the settings of this stage, which are the same for every corpus."""
    evaluation = config.evaluation
    return EvaluateStage(
        version=VERSION,
        measures=evaluation.measures,
        resamples=evaluation.resamples,
        confidence=evaluation.confidence,
        seed=config.seed,
        students=tuple(sorted(config.students)),
    )


def run(
    settings: EvaluateStage,
    job: Job,
    runs: Ins,
    topics: In,
    qrels: In,
    queries: In,
    corpus: In,
    per_query: Out,
    summary: Out,
    comparisons: MaybeOut = None,
    histories: Ins = [],
) -> None:
    """Write per_query.parquet, summary.parquet and comparisons.parquet; UserError names a run that cannot be evaluated.

    ``histories`` of the trained systems tell which trainings were kept.
    """
    from listill.evaluation.comparisons import compare_systems
    from listill.evaluation.measured import measured_values
    from listill.evaluation.significance import FEW_CLUSTERS
    from listill.evaluation.summary import kept_trainings, summarise
    from listill.evaluation.systems import base_systems, measure_systems, runs_by_system
    from listill.evaluation.topics import evaluation_queries

    evaluated = evaluation_queries(topics, qrels, queries, corpus)
    if evaluated.judged.empty:
        raise UserError(
            f"{topics}, {queries}: nothing to evaluate: no dev or test topic has a relevant document, and there are no "
            "held-out queries; add topics, or set corpora.<name>.heldout above 0"
        )
    if not evaluated.human:
        log.info(
            "no human topics: all results are from held-out synthetic queries, "
            "which measure self-consistency, not relevance"
        )
    systems = runs_by_system(runs)
    values = measure_systems(systems, evaluated.qrels, settings.measures, len(evaluated.group))
    students = list(settings.students) or base_systems(values["system"].drop_duplicates().tolist())
    measured = measured_values(values, evaluated, settings.resamples, settings.confidence, settings.seed)
    job.write(per_query, "per_query", values)
    figures = summarise(measured, students, kept_trainings(histories))
    for split, clusters in figures[figures["split"] != "dev"].groupby("split")["clusters"].max().items():
        if clusters < FEW_CLUSTERS:
            log.warning("%s: results on %d independent queries cannot carry a decision", split, clusters)
    job.write(summary, "summary", figures)
    if comparisons is not None:
        job.write(comparisons, "comparisons", compare_systems(measured, students))


if __name__ == "__main__":
    main(run, EvaluateStage, "evaluate")
