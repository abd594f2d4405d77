"""Search the whole corpus for the evaluation queries with one retriever: BM25, a student or a trained student."""

from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.stages.command import In, MaybeIn, MaybeModel, Out, main
from listill.stages.job import Job, StageSettings
from listill.system_names import size_of

VERSION = 1


class SearchStage(StageSettings):
    """The settings that a run depends on: those of BM25 or of the student."""

    system: str = "bm25"
    bm25: Bm25 | None = Bm25()
    student: Student | None = None
    depth: int = 100


def settings(config: Settings, corpus: str, system: str) -> SearchStage:
    """Return the settings of this stage for ``bm25``, a student, or a trained student.

    A trained student is ``student.variant``, or ``student.variant@size`` if its embeddings are cut.
    """
    depth = max(config.evaluation.depth, config.mining.depth)
    if system == "bm25":
        return SearchStage(version=VERSION, bm25=config.mining_on(corpus).bm25, depth=depth)
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
    tokens: MaybeIn = None,
    model: MaybeModel = None,
) -> None:
    """Write runs/<system>.parquet. A student needs ``embeddings`` and, if it was trained, ``model``.

    With the base student's ``tokens`` instead of ``embeddings``, the corpus is encoded here and the embeddings are not kept.
    Finished parts of them survive an interruption.
    """
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval.retriever import Retriever
    from listill.retrieval.runs import with_ids

    documents = collection.load(corpus)
    evaluated = evaluation_queries(topics, qrels, queries, corpus).queries
    query_ids, query_texts = evaluated["query_id"].tolist(), evaluated["text"].tolist()
    with job.work(out) as work:
        retriever: Retriever
        if settings.student is None:
            from listill.retrieval.bm25 import Bm25Retriever

            retriever = Bm25Retriever(settings.system, documents, settings.bm25 or Bm25())
        else:
            from listill.retrieval import embeddings as vectors
            from listill.retrieval import stored_tokens
            from listill.retrieval.dense import DenseRetriever
            from listill.retrieval.encoder import Encoder

            encoder, size = Encoder(settings.student, model), size_of(settings.system)
            if tokens is not None:
                matrix = vectors.encode(
                    encoder, stored_tokens.load(tokens, documents), work, f"search {settings.system}"
                )
            elif embeddings is not None:
                matrix = vectors.load(embeddings, documents)
            else:
                raise UserError(
                    f"{settings.system}: a student searches the encoded corpus: pass its file with --embeddings, or the "
                    "tokens of its base model with --tokens"
                )
            searched = matrix if size is None else encoder.cut_to(size, matrix)
            retriever = DenseRetriever(settings.system, documents, encoder, searched)
        result = retriever.run(query_ids, query_texts, settings.depth)
        job.write(out, "runs", with_ids(result, query_ids, documents), f"runs/{settings.system}")


if __name__ == "__main__":
    main(run, SearchStage, "search")
