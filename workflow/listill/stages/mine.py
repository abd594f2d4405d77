"""Mine candidates for every query with all retrievers; drop queries that do not find their source passage again."""

import logging

from listill.errors import UserError
from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.mining import Mining
from listill.settings.students import Student
from listill.stages.command import In, Ins, MaybeModel, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 1
log = logging.getLogger("listill")


class MineStage(StageSettings):
    """What the candidates depend on."""

    mining: Mining = Mining()
    students: dict[str, Student] = {}
    bm25: bool = True
    system: str | None = None


def settings(config: Settings, corpus: str, system: str | None = None) -> MineStage:
    """Return the settings of this stage; ``system``: of the second round, for a trained student (``student.variant``)."""
    # The retrievers that are used stand in the rest of the settings, so that others may change without any effect.
    chosen = config.mining.retrievers
    additional = {name: one for name, one in config.mining.additional.items() if chosen is None or name in chosen}
    students = {name: one for name, one in config.students.items() if chosen is None or name in chosen}
    if system is not None:
        additional, students = {}, {system: config.students[system.partition(".")[0]]}
    bm25 = chosen is None or "bm25" in chosen
    words = config.mining.bm25 if bm25 else Bm25()
    mining = config.mining.model_copy(update={"additional": additional, "retrievers": None, "bm25": words})
    return MineStage(version=VERSION, mining=mining, students=students, bm25=bm25, system=system)


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

    ``embeddings`` are files <retriever>.parquet, one per dense retriever; ``model`` is the trained student of a second round.
    """
    import numpy as np
    import pandas as pd

    from listill import tables
    from listill.candidates.mining import mine
    from listill.candidates.retrievers import open_retrievers
    from listill.corpus import collection
    from listill.funnel import count_reasons

    documents = collection.load(corpus)
    everything = tables.read(queries, "queries")
    source = documents.positions(everything["doc_id"].tolist(), str(queries))
    judged = tables.read(qrels, "qrels").query("split == 'train' and relevance > 0")
    judged = judged.assign(document=documents.positions(judged["doc_id"].tolist(), str(qrels)))
    encoded = {path.stem: path for path in embeddings}
    if unknown := set(encoded) - set(settings.students) - set(settings.mining.embedding):
        raise UserError(f"{min(unknown)}.parquet: the settings name no student or dense retriever '{min(unknown)}'")
    retrievers = open_retrievers(settings.mining, settings.students, settings.bm25, documents, encoded, model)
    named = [settings.system] if settings.system else []
    rule, depth = settings.mining.consistency, settings.mining.depth
    kept: list[bool] = []
    with tables.writer(out, "candidates", job.provenance("/".join(["candidates", *named]))) as table:
        for block in mine(everything, source, judged, retrievers, documents, rule, depth):
            table.write_table(tables.as_table("candidates", block.candidates))
            kept += block.kept.tolist()
    verdict = pd.Series(np.where(kept, "kept", "inconsistent"), index=everything.index, dtype=object)
    log.info("mine: %d of %d queries are consistent", (verdict == "kept").sum(), len(verdict))
    counts = count_reasons("candidates", everything, verdict)
    job.write(funnel, "funnel", counts, "/".join(["funnel/candidates", *named]))


if __name__ == "__main__":
    main(run, MineStage, "mine")
