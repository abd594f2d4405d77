"""Encode a share of the documents (encoding.shards), so that several jobs encode them at the same time.

The finished parts are kept; the stage ``encode`` then finds all of them, and writes the tables.
"""

from listill.stages.command import In, Out, main
from listill.stages.encode import EncodeStage
from listill.stages.job import Job, results_folder


def run(settings: EncodeStage, job: Job, corpus: In, out: Out) -> None:
    """Encode the share that the name of ``out`` tells, such as ``2-of-4.done``; then write this empty file.

    The settings are those of the stage ``encode``.
    """
    from listill import tables
    from listill.corpus import collection
    from listill.retrieval import embeddings
    from listill.retrieval.encoder import Encoder
    from listill.shares import share_of

    share, system = share_of(out), settings.system
    documents = collection.load(corpus)
    encoder = Encoder(settings.student)
    with job.share("encode", results_folder(out) / "embeddings" / f"{system}.parquet", out.stem) as work:
        embeddings.encode_share(encoder, documents, work, f"encode {system}", share)
    with tables.atomic(out) as temporary:
        temporary.touch()


if __name__ == "__main__":
    main(run, EncodeStage, "encode_share")
