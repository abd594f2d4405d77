"""The retrievers used for mining: BM25, the students' models, and additional retrievers."""

from collections.abc import Mapping
from pathlib import Path

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval.bm25 import Bm25Retriever
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.retriever import Retriever
from listill.settings.mining import Mining
from listill.settings.students import Student


def open_retrievers(
    mining: Mining,
    students: Mapping[str, Student],
    bm25: bool,
    collection: Collection,
    embeddings: Mapping[str, Path],
    model: Path | None = None,
) -> list[Retriever]:
    """Return the retrievers: BM25 (if ``bm25``), then those in ``embeddings`` in that order, then the others.

    ``embeddings`` maps each dense retriever to the file of its encoded corpus. ``model`` is the trained student of a
    second round, which replaces the base model. Raises UserError if there is no retriever.
    """
    retrievers: list[Retriever] = [Bm25Retriever("bm25", collection, mining.bm25)] if bm25 else []
    for name, path in embeddings.items():
        if name in students:
            retrievers.append(DenseRetriever(name, collection, Encoder(students[name], model), path))
        else:
            retrievers.append(mining.additional[name].open(name, collection, path))
    for name, settings in mining.additional.items():
        if not settings.embeds:
            retrievers.append(settings.open(name, collection))
    if not retrievers:
        raise UserError("no retriever: add bm25 to mining.retrievers, or pass --embeddings of a dense retriever")
    return retrievers
