"""The query-passage pairs to be scored."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.passages import passages_without_queries


@dataclass(frozen=True)
class Pairs:
    """Pairs of a query and a text, in the order of the queries.

    ``query[p]`` is a position in ``queries``. ``text[p]`` is a position in the texts: first the documents of the
    collection, then the ``edited`` texts (source passages from which the text of an extractive query was removed), of which
    ``source`` are the positions in the collection. ``query_ids`` are the ids of the ``queries``.
    """

    collection: Collection
    queries: list[str]
    query: np.ndarray
    text: np.ndarray
    edited: list[str] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    query_ids: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.query)

    def texts(self, positions: np.ndarray) -> list[str]:
        """Return the texts at these positions."""
        n = len(self.collection)
        return [self.collection.rendered(i) if i < n else self.edited[i - n] for i in positions.tolist()]

    def document(self) -> np.ndarray:
        """Return the position in the collection of each pair's document; an edited text is its source passage."""
        n = len(self.collection)
        return np.concatenate([np.arange(n), np.array(self.source, dtype=np.int64)])[self.text]

    def describe(self, p: int) -> str:
        """Return a description of pair ``p`` for messages."""
        n, position = len(self.collection), int(self.text[p])
        document = f"document '{self.collection.doc_ids[position]}'" if position < n else "its source passage"
        return f"query '{self.queries[self.query[p]]}' and {document}"

    def take(self, chosen: np.ndarray) -> "Pairs":
        """Return the pairs at the positions ``chosen`` (ascending), with the queries and texts of all pairs."""
        return replace(self, query=self.query[chosen], text=self.text[chosen])

    def compact(self) -> "Pairs":
        """Return the same pairs without queries that have no pair."""
        positions, query = np.unique(self.query, return_inverse=True)
        ids = [self.query_ids[q] for q in positions] if self.query_ids else []
        return replace(self, queries=[self.queries[q] for q in positions], query=query, query_ids=ids)


def pairs_of(collection: Collection, queries: pd.DataFrame, pool: pd.DataFrame, *, cut: bool) -> Pairs:
    """Return the distinct pairs of ``pool`` (query_id, doc_id), in the order of ``queries`` and of the corpus.

    With ``cut``, the text of a query that was extracted from its source passage is removed from that passage.
    """
    query_position = {query_id: i for i, query_id in enumerate(queries["query_id"])}
    if unknown := set(pool["query_id"]) - query_position.keys():
        raise UserError(f"candidates: query '{min(unknown)}' is not in the table of queries; mine the candidates again")
    query = pool["query_id"].map(query_position).to_numpy(dtype=np.int64)
    document = collection.positions(pool["doc_id"].tolist(), "candidates")
    n = len(collection)
    keys = np.unique(query * n + document)
    query, document = keys // n, keys % n
    edited: list[str] = []
    edited_from: list[int] = []
    if cut:
        source = collection.positions(queries["doc_id"].tolist(), "queries")
        for q, text in passages_without_queries(collection, queries).items():
            low, high = np.searchsorted(query, [q, q + 1])
            document[low:high][document[low:high] == source[q]] = n + len(edited)
            edited.append(text)
            edited_from.append(int(source[q]))
    ids = queries["query_id"].tolist()
    return Pairs(collection, queries["text"].tolist(), query, document, edited, edited_from, ids)
