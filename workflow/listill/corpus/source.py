"""Sources: where documents, human topics and their judgements come from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from listill.section import Member
from listill.source_files import checksum

SPLITS = ("train", "dev", "test")
UNSPLIT = ""  # the split of judgements that are still to be split


class Document(NamedTuple):
    """One document as its source has it."""

    doc_id: str
    title: str | None
    text: str


class Judgement(NamedTuple):
    """One judged pair; ``place`` (``file:line``, where known) is for messages only."""

    query_id: str
    doc_id: str
    relevance: int
    split: str
    place: str = ""


@dataclass
class RawCorpus:
    """A corpus with its human topics, unchecked: ``listill.corpus.build`` checks it.

    Topics belong to the split of their judgements; topics without judgements are allowed here and dropped later. ``origin``
    names the documents in messages, ``details`` goes into the provenance of the tables.
    """

    origin: str
    documents: list[Document]
    topics: dict[str, str] = field(default_factory=dict)
    qrels: list[Judgement] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


class Source(Member):
    """The base of all sources: its settings, and how it is read. A member is a file in ``corpus/sources/``."""

    def read(self) -> RawCorpus:
        """Return documents, topics and judgements as they are; UserError names file and line of a fault."""
        raise NotImplementedError

    def files(self) -> list[str]:
        """Return the files that are read, as far as they exist (a dry run needs none): a changed file reruns the corpus."""
        return []

    def split_shares(self) -> tuple[float, float]:
        """Return the shares of train and dev of judgements without a split (``UNSPLIT``)."""
        raise NotImplementedError(f"source {type(self).__name__} gives judgements without a split, but no split_shares")


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by path, for the provenance of the corpus."""
    return {str(path): checksum(path) for path in paths}
