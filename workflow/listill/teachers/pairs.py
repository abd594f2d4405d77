"""The pairs to be scored, and what teachers may use."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.settings import Bm25, Student

if TYPE_CHECKING:
    from listill.retrieval.bm25 import Bm25Index
    from listill.retrieval.encoder import Encoder

S = TypeVar("S")
M = TypeVar("M")


@dataclass(frozen=True)
class Pairs:
    """Pairs of a query and a text, in order of queries.

    ``query[p]`` points into ``queries``, ``text[p]`` into the texts: the documents of the collection by position, then
    ``edited`` ones (passages without the words that a query was taken from).
    """

    collection: Collection
    queries: list[str]
    query: np.ndarray
    text: np.ndarray
    edited: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.query)

    def texts(self, units: np.ndarray) -> list[str]:
        """Return the texts that ``units`` point to."""
        n = len(self.collection)
        return [self.collection.rendered(u) if u < n else self.edited[u - n] for u in units.tolist()]

    def name(self, p: int) -> str:
        """Return in words which pair ``p`` is, for messages."""
        n, unit = len(self.collection), int(self.text[p])
        document = f"document '{self.collection.doc_ids[unit]}'" if unit < n else "its source passage"
        return f"query '{self.queries[self.query[p]]}' and {document}"

    def blocks(self, queries: int) -> Iterator["Pairs"]:
        """Yield the pairs of ``queries`` queries at a time."""
        for start in range(0, len(self.queries), queries):
            low, high = np.searchsorted(self.query, [start, start + queries])
            yield Pairs(
                self.collection,
                self.queries[start : start + queries],
                self.query[low:high] - start,
                self.text[low:high],
                self.edited,
            )


def without_queries(collection: Collection, queries: pd.DataFrame) -> dict[int, str]:
    """Return, by row of ``queries``, the source passage without the words that the query was taken from.

    A teacher that sees the query's own words in the passage teaches copying; so does a student's training pair.
    """
    cut = queries["start"].notna().to_numpy()
    source = collection.positions(queries.loc[cut, "doc_id"].tolist(), "queries")
    places = zip(np.flatnonzero(cut), source, queries.loc[cut, "start"], queries.loc[cut, "end"], strict=True)
    return {int(row): collection.without(int(i), int(start), int(end)) for row, i, start, end in places}


def pairs_of(collection: Collection, queries: pd.DataFrame, pool: pd.DataFrame, *, cut: bool) -> Pairs:
    """Return the distinct pairs of ``pool`` (query_id, doc_id), in order of ``queries`` and of the corpus.

    With ``cut``, a query that was taken from its source passage is paired with that passage without it.
    """
    row = {query_id: i for i, query_id in enumerate(queries["query_id"])}
    if unknown := set(pool["query_id"]) - row.keys():
        raise UserError(f"query '{min(unknown)}' has candidates but is not among the queries")
    query = pool["query_id"].map(row).to_numpy(dtype=np.int64)
    document = collection.positions(pool["doc_id"].tolist(), "candidates")
    n = len(collection)
    keys = np.unique(query * n + document)
    query, document = keys // n, keys % n
    edited: list[str] = []
    if cut:
        source = collection.positions(queries["doc_id"].tolist(), "queries")
        for q, text in without_queries(collection, queries).items():
            low, high = np.searchsorted(query, [q, q + 1])
            document[low:high][document[low:high] == source[q]] = n + len(edited)
            edited.append(text)
    return Pairs(collection, queries["text"].tolist(), query, document, edited)


@dataclass
class Resources:
    """Models and indexes that teachers share; loaded when first asked for, once.

    ``embeddings``: the whole corpus as a student's base model encodes it [documents, d], where that is at hand.
    """

    collection: Collection
    students: dict[str, Student]
    bm25: Bm25
    embeddings: dict[str, np.ndarray] = field(default_factory=dict)
    _loaded: tuple[Any, Any] | None = None

    def loaded(self, settings: S, load: Callable[[S], M]) -> M:
        """Return ``load(settings)``, kept until another is asked for: two large teachers need not share the memory."""
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
    def index(self) -> "Bm25Index":
        """Return the BM25 index of the corpus."""
        from listill.retrieval.bm25 import Bm25Index

        return Bm25Index([self.collection.rendered(i) for i in range(len(self.collection))], self.bm25)

    __hash__ = object.__hash__
