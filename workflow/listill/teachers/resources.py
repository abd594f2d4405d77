"""Resources of the teachers: models and indexes that several teachers share."""

import functools
import hashlib
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
    """Models and indexes that teachers share. Each is loaded once, when it is first needed.

    ``embeddings`` maps students to the embeddings of the whole corpus [documents, d] by their base models, as far as
    these have been computed.
    """

    collection: Collection
    students: dict[str, Student]
    bm25: Bm25
    embeddings: dict[str, np.ndarray] = field(default_factory=dict)
    _loaded: tuple[Any, Any] | None = None

    def loaded(self, settings: S, load: Callable[[S], M]) -> M:
        """Return ``load(settings)``. The result is kept until other settings are requested.

        Only one model is kept, so that two large teachers need not fit into memory together.
        """
        if self._loaded is None or self._loaded[0] != settings:
            self._loaded = None
            self._loaded = (settings, load(settings))
        return self._loaded[1]

    def student_name(self, student: str | None) -> str:
        """Return the name of the student that a teacher uses: ``student`` if given, otherwise the first by name."""
        if student is None and not self.students:
            raise UserError(
                "this teacher needs the model of a student, but there are no students; add one to `students`"
            )
        return student or min(self.students)

    @functools.cache  # noqa: B019 (lives as long as the process)
    def encoder(self, name: str) -> "Encoder":
        """Return the base model of a student."""
        from listill.retrieval.encoder import Encoder

        return Encoder(self.students[name])

    @functools.cache  # noqa: B019 (lives as long as the process)
    def student_identity(self, name: str) -> str:
        """Return the commit or checksum of a student's base model; UserError if the model is missing."""
        from listill.models.loading import pooling_of
        from listill.models.locate import identity, resolve

        student = self.students[name]
        return identity(resolve(student.model, student.revision, pooling_of(student)))

    @functools.cached_property
    def corpus_identity(self) -> str:
        """A checksum of the texts of all documents."""
        sha = hashlib.sha256()
        for i in range(len(self.collection)):
            sha.update(hashlib.sha256(self.collection.rendered(i).encode()).digest())
        return sha.hexdigest()[:16]

    @functools.cached_property
    def bm25_retriever(self) -> "Bm25Retriever":
        """Return the BM25 retriever over the corpus."""
        from listill.retrieval.bm25 import Bm25Retriever

        return Bm25Retriever("bm25", self.collection, self.bm25)

    @property
    def index(self) -> "Bm25Index":
        """Return the BM25 index of the corpus."""
        return self.bm25_retriever.index

    def retrievers(self) -> "list[Retriever]":
        """Return BM25 and the base models of the students in ``embeddings``."""
        from listill.retrieval.dense import DenseRetriever

        dense = [
            DenseRetriever(name, self.collection, self.encoder(name), matrix)
            for name, matrix in self.embeddings.items()
        ]
        return [self.bm25_retriever, *dense]

    __hash__ = object.__hash__
