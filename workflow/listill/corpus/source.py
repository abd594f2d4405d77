"""What every source gives: documents, human topics and their judgements."""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from listill.settings import Beir, Files, IrDatasets, PythonApi
from listill.source_files import checksum

SPLITS = ("train", "dev", "test")
UNSPLIT = ""  # the split of judgements that we are to split ourselves


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
class Source:
    """A corpus with its human topics, unchecked: ``listill.corpus.build`` checks it.

    Topics belong to the split of their judgements; those without any are allowed here and dropped later. ``origin`` is
    what messages call the place of the documents, ``details`` goes into the provenance of the tables.
    """

    origin: str
    documents: list[Document]
    topics: dict[str, str] = field(default_factory=dict)
    qrels: list[Judgement] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


def load(settings: PythonApi | Beir | IrDatasets | Files) -> Source:
    """Read the source: kind ``x`` is the module ``listill.corpus.sources.x``, which has a function ``read``."""
    source: Source = importlib.import_module(f"listill.corpus.sources.{settings.kind}").read(settings)
    return source


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file, by its path: what the provenance says of the source."""
    return {str(path): checksum(path) for path in paths}
