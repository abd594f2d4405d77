"""Check that what users load from the folder of a trained model ranks as what was measured, and not as its base."""

import logging

from listill.settings.config import Settings
from listill.settings.students import Student
from listill.stages.command import In, MaybeModel, Out, main
from listill.stages.job import Job, StageSettings
from listill.system_names import without_seed

VERSION = 1
log = logging.getLogger("listill")


class CheckStage(StageSettings):
    """The settings of the check: the system, its base model, and whether only queries were trained."""

    system: str = "student.variant"
    student: Student
    query_only: bool = False


def settings(config: Settings, corpus: str, system: str) -> CheckStage:
    """Return the settings of this stage for one trained system, ``student.variant``."""
    student, _, variant = system.partition(".")
    joint = config.joint.get(without_seed(variant))
    recipe = config.training.recipe(joint.variant if joint else variant)
    return CheckStage(
        version=VERSION, system=system, student=config.students[student], query_only=recipe.tower == "query"
    )


def run(
    settings: CheckStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    runs: In,
    base: In,
    out: Out,
    model: MaybeModel = None,
) -> None:
    """Write checks/<system>.parquet; ``runs`` is the run of the trained ``model``, and ``base`` that of its base model."""
    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation import as_loaded, saved_model
    from listill.evaluation.topics import evaluation_queries

    if model is None:
        raise UserError(f"{settings.system}: pass the folder of the trained model with --model")
    evaluated = evaluation_queries(topics, qrels, queries, corpus).queries
    measured, of_base = tables.read(runs, "runs"), tables.read(base, "runs")
    if measured.empty:
        raise UserError(f"{runs}: the run is empty: add topics, or set corpora.<name>.heldout above 0")
    options = {"query_only": settings.query_only}
    checks = as_loaded.compare(
        model, settings.student, evaluated, measured, of_base, collection.load(corpus), **options
    )
    result = saved_model.read(checks)
    log.log(logging.INFO if result.confirmed else logging.ERROR, "%s: %s", settings.system, result.sentence)
    job.write(out, "checks", checks, f"checks/{settings.system}")


if __name__ == "__main__":
    main(run, CheckStage, "check")
