"""The retrievers used for mining: BM25, the students' models, and additional retrievers."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval.bm25 import Bm25Retriever
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.retriever import Retriever
from listill.settings.mining import Mining
from listill.settings.students import Student


def retrievers(
    mining: Mining,
    students: Mapping[str, Student],
    bm25: bool,
    collection: Collection,
    embeddings: Mapping[str, Path],
    model: Path | None = None,
) -> dict[str, Callable[[], Retriever]]:
    """Return functions that open the retrievers, by name.

    They are BM25 (if ``bm25``), then those in ``embeddings`` in that order, then the others.
    ``embeddings`` maps each dense retriever to the file of its encoded corpus. ``model`` is the trained student of a
    second round, which replaces the base model. Raises UserError if there is no retriever.
    """
    members: dict[str, Callable[[], Retriever]] = {}
    if bm25:
        members["bm25"] = partial(Bm25Retriever, "bm25", collection, mining.bm25)
    for name, path in embeddings.items():
        if name in students:
            members[name] = partial(_student, name, collection, students[name], mining, path, model)
        else:
            members[name] = partial(_additional, name, collection, mining, path)
    for name, settings in mining.additional.items():
        if not settings.embeds:
            members[name] = partial(settings.open, name, collection)
    if not members:
        raise UserError("no retriever: add bm25 to mining.retrievers, or pass --embeddings of a dense retriever")
    return members


def _student(
    name: str, collection: Collection, student: Student, mining: Mining, embeddings: Path, model: Path | None
) -> Retriever:
    retriever = DenseRetriever(name, collection, Encoder(student, model), embeddings)
    retriever.use(mining.index)
    return retriever


def _additional(name: str, collection: Collection, mining: Mining, embeddings: Path) -> Retriever:
    retriever = mining.additional[name].open(name, collection, embeddings)
    if isinstance(retriever, DenseRetriever):
        retriever.use(mining.index)
    return retriever
