"""Rerank the candidates of the evaluation queries with the teachers."""

from listill.section import Name
from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.settings.teacher import TeacherEnsemble
from listill.stages.command import In, Ins, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 2


class RerankStage(StageSettings):
    """The settings that the teacher's run depends on."""

    teacher: TeacherEnsemble = TeacherEnsemble()
    students: dict[Name, Student] = {}
    bm25: Bm25 = Bm25()
    pool: int = 20
    depth: int = 100


def settings(config: Settings, corpus: str) -> RerankStage:
    """Return the settings of this stage, without those of the gate."""
    return RerankStage(
        version=VERSION,
        teacher=TeacherEnsemble(members=config.teacher.members, normalise=config.teacher.normalise),
        students=config.students,
        bm25=config.mining.bm25,
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
    from listill.teachers.teacher import identities

    documents = collection.load(corpus)
    evaluated = evaluation_queries(topics, qrels, queries, corpus).queries
    all_runs = pd.concat([tables.read(path, "runs") for path in runs])
    resources = Resources(documents, settings.students, settings.bm25, load_named(embeddings, documents))
    pool = all_runs[all_runs["rank"] <= settings.pool]
    job.uses(identities(settings.teacher.members))
    job.details["reranks"] = settings.pool
    with job.work(out) as work:
        scores = score_pool(documents, evaluated, pool, settings.teacher, resources, work)
        job.write(out, "runs", ensemble_run(scores, settings.teacher, settings.depth), "runs/teacher")


if __name__ == "__main__":
    main(run, RerankStage, "rerank")
