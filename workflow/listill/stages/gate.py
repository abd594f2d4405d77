"""Check that the teacher is better than the students. If it is not, they cannot learn from it, and the workflow stops.

This stage searches and reranks the dev queries itself instead of reading the runs of the evaluation. Training depends
on the gate, and must not be repeated when the settings of the evaluation change.
"""

import logging

from listill.section import Name
from listill.settings.config import Settings
from listill.settings.mining import Mining
from listill.settings.students import Student
from listill.settings.teacher import TeacherEnsemble
from listill.stages.command import In, Ins, MaybeOut, Out, main
from listill.stages.job import Job, StageSettings, score_folder
from listill.teachers.teacher import identities, resolved

VERSION = 3
log = logging.getLogger("listill")


class GateStage(StageSettings):
    """The settings that the gate depends on."""

    teacher: TeacherEnsemble = TeacherEnsemble()
    students: dict[Name, Student] = {}
    mining: Mining = Mining()


def settings(config: Settings, corpus: str) -> GateStage:
    """Return the settings of this stage. Of the mining settings, it keeps only those of BM25 and the depth.

    All students and BM25 remain: the teacher is compared with them, whether or not it uses them.
    """
    members = resolved(config.teacher.members, config.students)
    teacher = TeacherEnsemble(members=members, normalise=config.teacher.normalise, gate=config.teacher.gate)
    mining = Mining(bm25=config.mining_on(corpus).bm25, depth=config.mining.depth, consistency={"require": "none"})
    return GateStage(version=VERSION, teacher=teacher, students=config.students, mining=mining)


def run(
    settings: GateStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    embeddings: Ins,
    out: Out,
    candidates: MaybeOut = None,
) -> None:
    """Compare the teacher with the untrained students on dev queries, and write gate.parquet or stop the run.

    ``candidates`` are the documents that BM25 and the students found for these queries.
    """
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval.embeddings import load_named
    from listill.teachers.gate import decide, measure
    from listill.teachers.resources import Resources
    from listill.teachers.store import open_stores

    evaluated = evaluation_queries(topics, qrels, queries, corpus)
    documents = collection.load(corpus)
    resources = Resources(documents, settings.students, settings.mining.bm25, load_named(embeddings, documents))
    models = identities(settings.teacher.members, resources)
    job.uses(models)
    stores = open_stores(score_folder(out, "evaluation"), settings.teacher.members, models, resources)
    results = measure(evaluated, settings.teacher, resources, settings.mining.depth, stores)
    failure = decide(results, list(settings.students), settings.teacher.gate.margin)
    if failure:
        message = f"{failure}; use a stronger teacher, or set teacher.gate.action: warn"
        if settings.teacher.gate.action == "stop":
            raise UserError(message)
        log.warning("gate: %s", message)
    job.details["decision"] = failure or "passed"
    if candidates is not None:
        job.write(candidates, "candidates", results.candidates, "dev_candidates")
    job.write(out, "gate", results.table)


if __name__ == "__main__":
    main(run, GateStage, "gate")
