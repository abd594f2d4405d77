"""The pairs to be scored."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.passages import passages_without_queries


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
        for q, text in passages_without_queries(collection, queries).items():
            low, high = np.searchsorted(query, [q, q + 1])
            document[low:high][document[low:high] == source[q]] = n + len(edited)
            edited.append(text)
    return Pairs(collection, queries["text"].tolist(), query, document, edited)


def without_known(pool: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of ``pool`` (query_id, doc_id) that are not among those of ``known``."""
    ids = ["query_id", "doc_id"]
    there = pool[ids].merge(known[ids].drop_duplicates(), how="left", indicator=True)
    return pool[(there["_merge"] == "left_only").to_numpy()]
