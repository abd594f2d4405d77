"""Rerank the candidates of the evaluation queries with the teachers."""

from listill.section import Name
from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.settings.teacher import TeacherEnsemble
from listill.stages.command import In, Ins, Out, main
from listill.stages.job import Job, StageSettings, score_folder
from listill.teachers.teacher import identities, resolved, students_used, uses_bm25

VERSION = 2


class RerankStage(StageSettings):
    """The settings that the teacher's run depends on."""

    teacher: TeacherEnsemble = TeacherEnsemble()
    students: dict[Name, Student] = {}
    bm25: Bm25 | None = Bm25()
    pool: int = 20
    depth: int = 100


def settings(config: Settings, corpus: str) -> RerankStage:
    """Return the settings of this stage, without the gate, and without students and BM25 that no teacher uses."""
    members = resolved(config.teacher.members, config.students)
    return RerankStage(
        version=VERSION,
        teacher=TeacherEnsemble(members=members, normalise=config.teacher.normalise),
        students={name: config.students[name] for name in students_used(members)},
        bm25=config.mining_on(corpus).bm25 if uses_bm25(members) else None,
        pool=config.mining.depth,
        depth=config.evaluation.depth,
    )


def run(
    settings: RerankStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    runs: Ins,
    out: Out,
    embeddings: Ins = [],
) -> None:
    """Write runs/teacher.parquet: the first ``pool`` documents of each of ``runs``, reranked.

    ``embeddings`` of the corpus are reused by the dense teacher.
    """
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval.embeddings import load_named
    from listill.teachers.rerank import ensemble_run, score_pool
    from listill.teachers.resources import Resources
    from listill.teachers.store import open_stores

    documents = collection.load(corpus)
    evaluated = evaluation_queries(topics, qrels, queries, corpus).queries
    all_runs = pd.concat([tables.read(path, "runs") for path in runs])
    resources = Resources(documents, settings.students, settings.bm25 or Bm25(), load_named(embeddings, documents))
    pool = all_runs[all_runs["rank"] <= settings.pool]
    models = identities(settings.teacher.members, resources)
    job.uses(models)
    job.details["reranks"] = settings.pool
    stores = open_stores(score_folder(out, "evaluation"), settings.teacher.members, models, resources)
    scores = score_pool(evaluated, pool, settings.teacher, resources, stores)
    job.write(out, "runs", ensemble_run(scores, settings.teacher, settings.depth), "runs/teacher")


if __name__ == "__main__":
    main(run, RerankStage, "rerank")
