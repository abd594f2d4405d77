"""Mine candidates for every train query with all retrievers, and drop queries that do not retrieve their source passage.

Queries of the splits dev and heldout are not trained on, so they need neither candidates nor scores.
"""

import logging

from listill.errors import UserError
from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.mining import Mining
from listill.settings.students import Student
from listill.stages.command import In, Ins, MaybeModel, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 2
log = logging.getLogger("listill")


class MineStage(StageSettings):
    """The settings that the candidates depend on."""

    mining: Mining = Mining()
    students: dict[str, Student] = {}
    bm25: bool = True
    system: str | None = None
    seed: int | None = None  # only if random passages are drawn


def settings(config: Settings, corpus: str, system: str | None = None) -> MineStage:
    """Return the settings of this stage.

    ``system`` is the trained student (``student.variant``) of the second round; the first round has none.
    """
    # Only the retrievers that are used remain in the settings, so that changes to others do not rerun this stage.
    mining = config.mining_on(corpus)
    chosen = mining.retrievers
    additional = {name: member for name, member in mining.additional.items() if chosen is None or name in chosen}
    students = {name: student for name, student in config.students.items() if chosen is None or name in chosen}
    if system is not None:
        additional, students = {}, {system: config.students[system.partition(".")[0]]}
    use_bm25 = chosen is None or "bm25" in chosen
    bm25_settings = mining.bm25 if use_bm25 else Bm25()
    mining = mining.model_copy(update={"additional": additional, "retrievers": None, "bm25": bm25_settings})
    seed = config.seed if mining.random else None
    return MineStage(version=VERSION, mining=mining, students=students, bm25=use_bm25, system=system, seed=seed)


def run(
    settings: MineStage,
    job: Job,
    corpus: In,
    queries: In,
    qrels: In,
    out: Out,
    funnel: Out,
    embeddings: Ins = [],
    model: MaybeModel = None,
) -> None:
    """Write candidates.parquet and its funnel.

    ``embeddings`` are files <retriever>.parquet, one for each dense retriever. ``model`` is the trained student of the
    second round.
    """
    import numpy as np
    import pandas as pd

    from listill import tables
    from listill.candidates.mining import mine
    from listill.candidates.retrieved import recalls
    from listill.candidates.retrievers import retrievers
    from listill.corpus import collection
    from listill.funnel import count_reasons

    documents = collection.load(corpus)
    query_table = tables.read(queries, "queries").query("split == 'train'").reset_index(drop=True)
    if query_table.empty:
        raise UserError(
            f"{queries}: no training query is left: see the counts of the stage queries and change generation in the config"
        )
    source = documents.positions(query_table["doc_id"].tolist(), str(queries))
    judged = tables.read(qrels, "qrels").query("split == 'train' and relevance > 0")
    judged = judged.assign(document=documents.positions(judged["doc_id"].tolist(), str(qrels)))
    embedding_files = {path.stem: path for path in embeddings}
    if unknown := set(embedding_files) - set(settings.students) - set(settings.mining.embedding):
        name = min(unknown)
        raise UserError(f"{name}.parquet: the settings have no student or dense retriever '{name}'; rename the file")
    members = retrievers(settings.mining, settings.students, settings.bm25, documents, embedding_files, model)
    key_suffix = [settings.system] if settings.system else []
    rule, depth, random = settings.mining.consistency, settings.mining.depth, settings.mining.random
    kept: list[bool] = []
    about = job.provenance("/".join(["candidates", *key_suffix]))
    with job.work(out) as work:  # its parts are needed until both files are written
        with tables.writer(out, "candidates", about) as table:
            mined = mine(query_table, source, judged, members, documents, rule, depth, work, random, settings.seed or 0)
            for block in mined:
                table.write_table(tables.as_table("candidates", block.candidates))
                kept += block.kept.tolist()
        if shares := recalls(list(members), work):
            job.details["recall"] = shares
        reasons = pd.Series(np.where(kept, "kept", "inconsistent"), index=query_table.index, dtype=object)
        log.info("mine: %d of %d queries are consistent", (reasons == "kept").sum(), len(reasons))
        counts = count_reasons("candidates", query_table, reasons)
        job.write(funnel, "funnel", counts, "/".join(["funnel/candidates", *key_suffix]))


if __name__ == "__main__":
    main(run, MineStage, "mine")
