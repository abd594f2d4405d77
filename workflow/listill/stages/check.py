"""Check that what users load from the folders of trained models ranks as what was measured, and not as the base models."""

import logging

from listill.settings.config import Settings
from listill.settings.students import Student
from listill.stages.command import In, Ins, Models, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 1
log = logging.getLogger("listill")


class CheckStage(StageSettings):
    """The settings: the trained systems, their base models, and the systems of which only queries were trained."""

    systems: list[str] = []
    students: dict[str, Student] = {}
    query_only: list[str] = []


def settings(config: Settings, corpus: str) -> CheckStage:
    """Return the settings of this stage for the trained systems of a corpus."""
    systems = config.checked_on(corpus)
    return CheckStage(
        version=VERSION,
        systems=systems,
        students={name: config.students[name] for name in sorted({system.partition(".")[0] for system in systems})},
        query_only=[name for name in systems if config.recipe_of(name.partition(".")[2]).tower == "query"],
    )


def run(
    settings: CheckStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    runs: Ins,
    models: Models,
    out: Out,
) -> None:
    """Write checks.parquet. ``models`` are the folders of the systems in their order; ``runs`` has the bases' runs, too."""
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation import as_loaded, saved_model
    from listill.evaluation.topics import evaluation_queries

    if len(models) != len(settings.systems):
        raise UserError(
            f"--models: {len(models)} folders for {len(settings.systems)} systems ({', '.join(settings.systems)}): pass one "
            "each"
        )
    evaluated, documents = evaluation_queries(topics, qrels, queries, corpus).queries, collection.load(corpus)
    rankings = {path.stem: tables.read(path, "runs") for path in runs}
    checks = []
    for system, model in zip(settings.systems, models, strict=True):
        student = system.partition(".")[0]
        if missing := {system, student} - rankings.keys():
            raise UserError(f"--runs: the run of '{min(missing)}' is missing: pass runs/{min(missing)}.parquet")
        if rankings[system].empty:
            raise UserError(f"{system}: its run is empty: add topics, or set corpora.<name>.heldout above 0")
        one = as_loaded.compare(
            *(model, settings.students[student], evaluated, rankings[system], rankings[student], documents),
            query_only=system in settings.query_only,
        )
        result = saved_model.read(one)
        log.log(logging.INFO if result.confirmed else logging.ERROR, "%s: %s", system, result.sentence)
        checks.append(one.assign(system=system))
    job.write(out, "checks", pd.concat(checks, ignore_index=True), "checks")


if __name__ == "__main__":
    main(run, CheckStage, "check")
