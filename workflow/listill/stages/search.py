"""Answer the evaluation queries with one retriever over the whole corpus: BM25, a student or a trained student."""

from listill.settings import Bm25, Settings, Student
from listill.stages.command import In, Job, MaybeIn, Out, StageSettings, main

VERSION = 1


class SearchStage(StageSettings):
    """What a run depends on: BM25's settings, or the student's."""

    system: str = "bm25"
    bm25: Bm25 | None = Bm25()
    student: Student | None = None
    depth: int = 100


def settings(config: Settings, corpus: str, system: str) -> SearchStage:
    """Return the settings of this stage for ``bm25``, a student, or a trained student (``student.variant``)."""
    depth = max(config.evaluation.depth, config.mining.depth)
    if system == "bm25":
        return SearchStage(version=VERSION, bm25=config.mining.bm25, depth=depth)
    student = config.students[system.partition(".")[0]]
    return SearchStage(version=VERSION, system=system, bm25=None, student=student, depth=depth)


def run(
    settings: SearchStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    out: Out,
    embeddings: MaybeIn = None,
    model: MaybeIn = None,
) -> None:
    """Write runs/<system>.parquet; a dense retriever needs ``embeddings`` and, if it was trained, ``model``."""
    import numpy as np

    from listill.candidates.pool import as_frame
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval import embeddings as vectors

    documents = collection.load(corpus)
    asked = evaluation_queries(topics, qrels, queries, corpus).queries
    texts = asked["text"].tolist()
    if settings.student is None:
        from listill.retrieval.bm25 import Bm25Index

        index = Bm25Index([documents.rendered(i) for i in range(len(documents))], settings.bm25 or Bm25())
        found = index.search(texts, settings.depth, documents.id_order)
    else:
        from listill.retrieval.encoder import Encoder
        from listill.retrieval.search import search

        if embeddings is None:
            raise UserError("a dense run needs --embeddings, the encoded corpus")
        encoded = Encoder(settings.student, model).encode(texts, "query", f"encode queries ({settings.system})")
        found = search(encoded, vectors.load(embeddings, documents), settings.depth, documents.id_order)
    frame = as_frame(*found, settings.system)
    frame["query_id"] = asked["query_id"].to_numpy()[frame["query"]]
    frame["doc_id"] = np.array(documents.doc_ids, dtype=object)[frame["document"]]
    job.write(out, "runs", documents.answers(frame), f"runs/{settings.system}")


if __name__ == "__main__":
    main(run, SearchStage, "search")
