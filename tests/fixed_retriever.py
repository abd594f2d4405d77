"""A retriever with predefined results."""

from collections.abc import Mapping, Sequence

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.retrieval.tokens import Tokens


class FixedRetriever(Retriever):
    """Returns the document positions in ``results`` for each query text, with the scores 9, 8, 7, ..."""

    def __init__(self, name: str, collection: Collection, results: Mapping[str, Sequence[int]]) -> None:
        super().__init__(name, collection)
        self.results = results

    def search(self, queries: list[str] | Tokens, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        assert isinstance(queries, list)
        positions = [np.array(self.results.get(query, ())[:depth], dtype=np.int64) for query in queries]
        return positions, [9 - np.arange(len(row), dtype=np.float32) for row in positions]


def plain_collection(
    documents: int, group: Sequence[int] | None = None, *, topics_are_documents: bool = False
) -> Collection:
    """Return a collection of documents d0, d1, ... whose texts are their ids."""
    ids = [f"d{i}" for i in range(documents)]
    groups = np.array(range(documents) if group is None else group, dtype=np.int64)
    return Collection(ids, [None] * documents, ids, groups, topics_are_documents=topics_are_documents)
