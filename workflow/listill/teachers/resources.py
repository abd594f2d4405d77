"""What teachers may use: models and indexes that several of them share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.settings.bm25 import Bm25
from listill.settings.students import Student

if TYPE_CHECKING:
    from listill.retrieval.bm25 import Bm25Index, Bm25Retriever
    from listill.retrieval.encoder import Encoder
    from listill.retrieval.retriever import Retriever

S = TypeVar("S")
M = TypeVar("M")


@dataclass
class Resources:
    """Models and indexes that teachers share; each is loaded once, when it is first needed.

    ``embeddings``: the whole corpus as a student's base model encodes it [documents, d], where that is at hand.
    """

    collection: Collection
    students: dict[str, Student]
    bm25: Bm25
    embeddings: dict[str, np.ndarray] = field(default_factory=dict)
    _loaded: tuple[Any, Any] | None = None

    def loaded(self, settings: S, load: Callable[[S], M]) -> M:
        """Return ``load(settings)``, kept until another is requested: two large teachers need not share the memory."""
        if self._loaded is None or self._loaded[0] != settings:
            self._loaded = None
            self._loaded = (settings, load(settings))
        return self._loaded[1]

    def name(self, student: str | None) -> str:
        """Return the name of the student that a teacher uses: the one it names, or the first."""
        if student is None and not self.students:
            raise UserError("this teacher needs a student's model; the settings have none")
        return student or min(self.students)

    @functools.cache  # noqa: B019 (lives as long as the process)
    def encoder(self, name: str) -> "Encoder":
        """Return the base model of a student."""
        from listill.retrieval.encoder import Encoder

        return Encoder(self.students[name])

    @functools.cached_property
    def bm25_retriever(self) -> "Bm25Retriever":
        """Return BM25 over the corpus."""
        from listill.retrieval.bm25 import Bm25Retriever

        return Bm25Retriever("bm25", self.collection, self.bm25)

    @property
    def index(self) -> "Bm25Index":
        """Return the BM25 index of the corpus."""
        return self.bm25_retriever.index

    def retrievers(self) -> "list[Retriever]":
        """Return BM25 and the students' base models whose embeddings are at hand."""
        from listill.retrieval.dense import DenseRetriever

        dense = [
            DenseRetriever(name, self.collection, self.encoder(name), matrix)
            for name, matrix in self.embeddings.items()
        ]
        return [self.bm25_retriever, *dense]

    __hash__ = object.__hash__
