"""Score every candidate with every teacher. Raw scores are stored; they are normalised and weighted in later stages."""

import logging
from typing import Any

from listill.section import Name
from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.settings.teacher import TeacherEnsemble
from listill.stages.command import In, Ins, MaybeIn, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 1
log = logging.getLogger("listill")


class ScoreStage(StageSettings):
    """The settings that the scores depend on: the teachers without their weights, and the models they use."""

    members: dict[Name, Any] = TeacherEnsemble().model_dump()["members"]
    students: dict[Name, Student] = {}
    bm25: Bm25 = Bm25()


def settings(config: Settings, corpus: str) -> ScoreStage:
    """Return the settings of this stage."""
    members = {name: member.model_dump(exclude={"weight"}) for name, member in config.teacher.members.items()}
    return ScoreStage(version=VERSION, members=members, students=config.students, bm25=config.mining.bm25)


def run(
    settings: ScoreStage,
    job: Job,
    corpus: In,
    queries: In,
    candidates: In,
    out: Out,
    embeddings: Ins = [],
    known: MaybeIn = None,
) -> None:
    """Write scores.parquet. Finished parts survive an interruption.

    ``embeddings`` of the corpus are reused by the dense teacher. ``known`` are the scores of an earlier round, which
    are not computed again.
    """
    from listill import tables
    from listill.corpus import collection
    from listill.retrieval.embeddings import load_named
    from listill.teachers.pairs import pairs_of, without_known
    from listill.teachers.parts import scores_in_parts
    from listill.teachers.resources import Resources
    from listill.teachers.teacher import identities

    documents = collection.load(corpus)
    query_table = tables.read(queries, "queries")
    pool = tables.read(candidates, "candidates", ["query_id", "doc_id"]).drop_duplicates()
    system = tables.provenance(candidates).key.partition("candidates/")[2]  # empty in the first round
    key = f"scores/{system}" if system else "scores"
    known_scores = None if known is None else tables.read(known, "scores").merge(pool, on=["query_id", "doc_id"])
    new_pool = pool if known_scores is None else without_known(pool, known_scores)
    pairs = pairs_of(documents, query_table, new_pool, cut=True)
    log.info("score: %d pairs of %d queries", len(pairs), len(set(pairs.query.tolist())))
    members = TeacherEnsemble(members=settings.members).members
    resources = Resources(documents, settings.students, settings.bm25, load_named(embeddings, documents))
    job.uses(identities(members))
    with job.work(out) as work, tables.writer(out, "scores", job.provenance(key)) as table:
        if known_scores is not None:
            table.write_table(tables.as_table("scores", known_scores))
        for part in scores_in_parts(documents, query_table, pairs, members, resources, work):
            table.write_table(tables.as_table("scores", part))


if __name__ == "__main__":
    main(run, ScoreStage, "score")
