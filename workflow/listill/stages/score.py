"""Score every candidate with every teacher. Raw scores are stored; they are normalised and weighted in later stages."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listill.section import Name
from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.settings.teacher import TeacherEnsemble
from listill.stages.command import In, Ins, Out, main
from listill.stages.job import Job, StageSettings, score_folder
from listill.teachers.teacher import identities, resolved, students_used, uses_bm25

if TYPE_CHECKING:
    import pandas as pd

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources
    from listill.teachers.store import ScoreStore
    from listill.teachers.teacher import Teacher

VERSION = 1
log = logging.getLogger("listill")


class ScoreStage(StageSettings):
    """The settings that the scores depend on: the teachers without their weights, and what they use."""

    members: dict[Name, Any] = TeacherEnsemble().model_dump()["members"]
    students: dict[Name, Student] = {}
    bm25: Bm25 | None = Bm25()


def settings(config: Settings, corpus: str) -> ScoreStage:
    """Return the settings of this stage, without students and BM25 settings that no teacher uses."""
    members = resolved(config.teacher.members, config.students)
    return ScoreStage(
        version=VERSION,
        members={name: member.model_dump(exclude={"weight"}) for name, member in members.items()},
        students={name: config.students[name] for name in students_used(members)},
        bm25=config.mining_on(corpus).bm25 if uses_bm25(members) else None,
    )


def run(
    settings: ScoreStage,
    job: Job,
    corpus: In,
    queries: In,
    candidates: In,
    out: Out,
    embeddings: Ins = [],
) -> None:
    """Write scores.parquet. Pairs whose scores are stored are not scored again.

    ``embeddings`` of the corpus are reused by the dense teacher.
    """
    from listill import tables
    from listill.teachers.parts import scores_in_parts

    query_table, work = prepared(settings, job, corpus, queries, candidates, out, embeddings)
    system = tables.provenance(candidates).key.partition("candidates/")[2]  # empty in the first round
    key = f"scores/{system}" if system else "scores"
    with tables.writer(out, "scores", job.provenance(key)) as table:
        for part in scores_in_parts(query_table, *work):
            table.write_table(tables.as_table("scores", part))


def prepared(
    settings: ScoreStage, job: Job, corpus: Path, queries: Path, candidates: Path, out: Path, embeddings: list[Path]
) -> "tuple[pd.DataFrame, tuple[Pairs, dict[str, Teacher], Resources, dict[str, ScoreStore]]]":
    """Return the table of the queries, and what is to be scored: the pairs, the teachers, what they use, their stores.

    All models are looked up; a UserError says which one cannot be used. ``out`` is any output of the stage.
    """
    from listill import tables
    from listill.corpus import collection
    from listill.retrieval.embeddings import load_named
    from listill.teachers.pairs import pairs_of
    from listill.teachers.resources import Resources
    from listill.teachers.store import open_stores

    documents = collection.load(corpus)
    query_table = tables.read(queries, "queries")
    pool = tables.read(candidates, "candidates", ["query_id", "doc_id"]).drop_duplicates()
    pairs = pairs_of(documents, query_table, pool, cut=True)
    log.info("score: %d pairs of %d queries", len(pairs), len(set(pairs.query.tolist())))
    members = TeacherEnsemble(members=settings.members).members
    resources = Resources(documents, settings.students, settings.bm25 or Bm25(), load_named(embeddings, documents))
    models = identities(members, resources)
    job.uses(models)
    stores = open_stores(score_folder(out, "candidates"), members, models, resources)
    return query_table, (pairs, members, resources, stores)


if __name__ == "__main__":
    main(run, ScoreStage, "score")
