"""Mine candidates for every query with BM25 and dense retrievers; drop queries that do not find their source again."""

import logging

from listill.settings import Bm25, Mining, Settings, Student
from listill.stages.command import In, Ins, Job, MaybeIn, Out, StageSettings, main

VERSION = 1
QUERY_BLOCK = 16_384
log = logging.getLogger("listill")


class MineStage(StageSettings):
    """What the candidates depend on."""

    mining: Mining = Mining()
    students: dict[str, Student] = {}
    bm25: bool = True
    system: str | None = None


def settings(config: Settings, corpus: str, system: str | None = None) -> MineStage:
    """Return the settings of this stage; ``system``: of the second round, for a trained student (``student.variant``)."""
    # Who is asked stands in what is left of the retrievers, so that others may change without any effect.
    asked = config.mining.retrievers
    dense = {name: one for name, one in config.mining.dense.items() if asked is None or name in asked}
    students = {name: one for name, one in config.students.items() if asked is None or name in asked}
    if system is not None:
        dense, students = {}, {system: config.students[system.partition(".")[0]]}
    bm25 = asked is None or "bm25" in asked
    words = config.mining.bm25 if bm25 else Bm25()
    mining = config.mining.model_copy(update={"dense": dense, "retrievers": None, "bm25": words})
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
    model: MaybeIn = None,
) -> None:
    """Write candidates.parquet and its funnel.

    ``embeddings`` are files <retriever>.parquet, one per dense retriever; ``model`` is the trained student of a second round.
    """
    import numpy as np
    import pandas as pd

    from listill import tables
    from listill.candidates import pool
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.queries.cleaning import funnel as count
    from listill.queries.passages import HUMAN
    from listill.retrieval import embeddings as vectors
    from listill.retrieval.bm25 import Bm25Index
    from listill.retrieval.encoder import Encoder
    from listill.retrieval.search import search

    documents = collection.load(corpus)
    asked = tables.read(queries, "queries")
    source = documents.positions(asked["doc_id"].tolist(), str(queries))
    index = None
    if settings.bm25:
        index = Bm25Index([documents.rendered(i) for i in range(len(documents))], settings.mining.bm25)
    retrievers = settings.students | settings.mining.dense
    if unknown := [path.stem for path in embeddings if path.stem not in retrievers]:
        raise UserError(f"{unknown[0]}.parquet: the settings name no student or dense retriever '{unknown[0]}'")
    encoders = {path.stem: Encoder(retrievers[path.stem], model) for path in embeddings}
    judged = tables.read(qrels, "qrels")
    judged = judged[(judged["split"] == "train") & (judged["relevance"] > 0)]
    named = [settings.system] if settings.system else []
    verdict = pd.Series("kept", index=asked.index, dtype=object)
    ids = np.array(documents.doc_ids, dtype=object)

    def answers(found: pd.DataFrame, block: pd.DataFrame) -> pd.DataFrame:
        if not documents.topics_are_documents:
            return found
        query_ids = block["query_id"].to_numpy()
        return documents.answers(found.assign(query_id=query_ids[found["query"]], doc_id=ids[found["document"]]))

    with tables.writer(out, "candidates", job.provenance("/".join(["candidates", *named]))) as table:
        for start in range(0, len(asked), QUERY_BLOCK):
            block = asked.iloc[start : start + QUERY_BLOCK].reset_index(drop=True)
            texts = block["text"].tolist()
            parts = []
            if index is not None:
                found = index.search(texts, settings.mining.depth, documents.id_order)
                parts.append(answers(pool.as_frame(*found, "bm25"), block))
            for path in embeddings:
                encoded = encoders[path.stem].encode(texts, "query", f"encode queries ({path.stem})")
                matrix = vectors.load(path, documents)
                found = search(encoded, matrix, settings.mining.depth, documents.id_order)
                parts.append(answers(pool.as_frame(*found, path.stem), block))
            found_all = pd.concat(parts, ignore_index=True)
            sources = source[start : start + len(block)]
            keep = pool.consistent(found_all, sources, documents.group, settings.mining.consistency, len(block))
            keep |= (block["type"] == HUMAN).to_numpy()
            verdict.iloc[start : start + len(block)] = np.where(keep, "kept", "inconsistent")
            human = (
                block[["query_id"]]
                .assign(query=block.index)
                .merge(
                    judged.assign(document=documents.positions(judged["doc_id"].tolist(), str(qrels))), on="query_id"
                )
            )
            own = pd.DataFrame({"query": np.arange(len(block)), "document": sources})
            positives = pd.concat([own, human[["query", "document"]]])
            full = pool.with_positives(found_all, positives)
            full = full[keep[full["query"]]].sort_values(["query", "retriever", "rank", "document"], kind="stable")
            rows = full.assign(query_id=block["query_id"].to_numpy()[full["query"]], doc_id=ids[full["document"]])
            table.write_table(tables.as_table("candidates", rows))
    counts = count("candidates", asked, verdict)
    log.info("mine: %d of %d queries are consistent", (verdict == "kept").sum(), len(verdict))
    job.write(funnel, "funnel", counts, "/".join(["funnel/candidates", *named]))


if __name__ == "__main__":
    main(run, MineStage, "mine")
