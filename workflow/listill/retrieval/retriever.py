"""Retrievers: queries in, a run out."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from listill.section import Member

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from listill.corpus.collection import Collection
    from listill.retrieval.tokens import Tokens


class Retriever(ABC):
    """Answers queries over all documents of one collection."""

    def __init__(self, name: str, collection: "Collection") -> None:
        self.name, self.collection = name, collection

    @abstractmethod
    def search(self, queries: "list[str] | Tokens", depth: int) -> "tuple[list[np.ndarray], list[np.ndarray]]":
        """Return for each query the positions of at most ``depth`` documents, best first, and their scores.

        Documents with equal scores come in the order of their doc_ids: see ``retrieval.search.top_k``.
        """

    def run(self, query_ids: list[str], queries: "list[str] | Tokens", depth: int) -> "pd.DataFrame":
        """Return the run: query (position in ``query_ids``), document (position in the collection), rank from 1, score.

        Where topics are documents (ArguAna), a query's own document is removed: it is not an answer to itself.
        """
        from listill.retrieval.runs import by_position, without_own_documents

        if not self.collection.topics_are_documents:
            return by_position(*self.search(queries, depth))
        found = by_position(*self.search(queries, depth + 1))
        return without_own_documents(found, query_ids, self.collection, depth)


class RetrieverSettings(Member):
    """The settings of a retriever; a member is a file in ``retrieval/kinds/``."""

    # Whether it searches embeddings of the corpus, which the stage ``encode`` makes.
    embeds: ClassVar[bool] = False

    def files(self) -> list[str]:
        """Return those of the user's files it reads that exist: a changed file reruns the candidates."""
        return []

    def open(
        self, name: str, collection: "Collection", embeddings: Path | None = None, model: Path | None = None
    ) -> Retriever:
        """Return the retriever over a collection.

        ``embeddings``: the encoded corpus, for one that embeds. ``model``: a trained model in place of the one that the
        settings name.
        """
        raise NotImplementedError
