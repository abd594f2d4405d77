"""The base class of sources: where documents, human topics and their judgements come from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from listill.contents import contents
from listill.errors import UserError
from listill.section import Member
from listill.source_files import checksum

SPLITS = ("train", "dev", "test")
UNSPLIT = ""  # the split of judgements that are not assigned to a split yet


class Document(NamedTuple):
    """One document as it is in its source."""

    doc_id: str
    title: str | None
    text: str


class Judgement(NamedTuple):
    """One judged pair; ``place`` (``file:line``, if known) is only used in messages."""

    query_id: str
    doc_id: str
    relevance: int
    split: str
    place: str = ""


@dataclass
class RawCorpus:
    """A corpus with its human topics, not checked yet: ``listill.corpus.build`` checks it.

    The split of a topic is the split of its judgements. Topics without judgements are allowed here and dropped later.
    Messages refer to the documents by ``origin``. ``details`` becomes part of the provenance of the tables.
    ``documents`` may be a list. A source of millions of documents passes them to ``Documents.of`` one by one, so that
    they are never all held as Python strings (see ``listill.corpus.documents``).
    """

    origin: str
    documents: Sequence[Document]
    topics: dict[str, str] = field(default_factory=dict)
    qrels: list[Judgement] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


class Source(Member):
    """The base class of sources: settings, and methods to read it. A member is a file in ``corpus/sources/``.

    ``imports`` tells the estimate that the source imports large packages, which takes time in a new process.
    """

    imports: ClassVar[bool] = False

    def read(self) -> RawCorpus:
        """Return documents, topics and judgements, not checked; UserError names file and line of the error."""
        raise NotImplementedError

    def split_shares(self) -> tuple[float, float]:
        """Return the train and dev shares for judgements without a split (``UNSPLIT``)."""
        raise NotImplementedError(
            f"source {type(self).__name__} has judgements without a split: implement split_shares"
        )


def read_unchanged(source: Source) -> RawCorpus:
    """Read a source; UserError if its files were changed meanwhile, since the corpus could be of both states."""
    before = contents(source.files())
    raw = source.read()
    if contents(source.files()) != before:
        raise UserError(f"{raw.origin}: its files were changed while they were read: run again when they are complete")
    return raw


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by path, for the provenance of the corpus."""
    return {str(path): checksum(path) for path in paths}
