"""Let every teacher score every candidate; raw scores are stored, weights and normalisation come later."""

import logging
from typing import Any

from listill.settings import Bm25, Name, Settings, Student, TeacherEnsemble
from listill.stages.command import In, Ins, Job, MaybeIn, Out, StageSettings, main

VERSION = 1
log = logging.getLogger("listill")


class ScoreStage(StageSettings):
    """What the scores depend on: the teachers without their weights, and the models they use."""

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
    """Write scores.parquet, in parts that outlive an interruption.

    ``embeddings`` spare the dense teacher work; ``known`` are scores of an earlier round, which are not made again.
    """
    import numpy as np

    from listill import tables
    from listill.corpus import collection
    from listill.retrieval.embeddings import load_named
    from listill.teachers.checkpoint import inspect
    from listill.teachers.pairs import Resources, pairs_of
    from listill.teachers.parts import in_parts

    documents = collection.load(corpus)
    asked = tables.read(queries, "queries")
    pool = tables.read(candidates, "candidates", ["query_id", "doc_id"]).drop_duplicates()
    round_of = tables.provenance(candidates).key.partition("candidates/")[2]  # nothing in the first
    key = f"scores/{round_of}" if round_of else "scores"
    old = None if known is None else tables.read(known, "scores").merge(pool, on=["query_id", "doc_id"])
    if old is not None:
        there = pool.merge(old[["query_id", "doc_id"]].drop_duplicates(), how="left", indicator=True)
        pool = pool[(there["_merge"] == "left_only").to_numpy()]
    pairs = pairs_of(documents, asked, pool, cut=True)
    log.info("score: %d pairs of %d queries", len(pairs), len(np.unique(pairs.query)))
    members = TeacherEnsemble(members=settings.members).members
    resources = Resources(documents, settings.students, settings.bm25, load_named(embeddings, documents))
    ids = np.array(documents.doc_ids, dtype=object)
    query_ids = asked["query_id"].to_numpy()
    source = documents.positions(asked["doc_id"].tolist(), str(queries))
    job.uses(inspect(members))
    with job.work(out) as work, tables.writer(out, "scores", job.provenance(key)) as table:
        if old is not None:
            table.write_table(tables.as_table("scores", old))
        for name, block, first, values in in_parts(members, pairs, resources, work):
            query = block.query + first
            document = np.where(block.text < len(documents), block.text, source[query])
            columns = {"query_id": query_ids[query], "doc_id": ids[document], "score": values}
            table.write_table(tables.as_table("scores", columns | {"teacher": [name] * len(block)}))


if __name__ == "__main__":
    main(run, ScoreStage, "score")
