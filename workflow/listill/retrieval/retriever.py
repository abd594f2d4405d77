"""The base classes of retrievers, which turn queries into a run."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from listill.section import Member

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from listill.corpus.collection import Collection
    from listill.retrieval.tokens import Tokens


class Retriever(ABC):
    """Searches all documents of one collection."""

    def __init__(self, name: str, collection: "Collection") -> None:
        self.name, self.collection = name, collection

    @abstractmethod
    def search(self, queries: "list[str] | Tokens", depth: int) -> "tuple[list[np.ndarray], list[np.ndarray]]":
        """Return for each query the positions of at most ``depth`` documents, best first, and their scores.

        Documents with equal scores are ordered by doc_id: see ``retrieval.search.top_k``.
        """

    def run(self, query_ids: list[str], queries: "list[str] | Tokens", depth: int) -> "pd.DataFrame":
        """Return the run: query, document, rank, score.

        ``query`` is the position in ``query_ids``, ``document`` the position in the collection; ranks start at 1.
        If topics are documents (as in ArguAna), the document with the query's own id is removed from its results.
        """
        from listill.retrieval.runs import by_position, without_own_documents

        if not self.collection.topics_are_documents:
            return by_position(*self.search(queries, depth))
        run = by_position(*self.search(queries, depth + 1))
        return without_own_documents(run, query_ids, self.collection, depth)


class RetrieverSettings(Member):
    """The settings of a retriever; a member is a file in ``retrieval/kinds/``."""

    # Whether the retriever searches embeddings of the corpus, which the stage ``encode`` computes.
    embeds: ClassVar[bool] = False

    def in_language(self, language: str) -> Self:
        """Return the settings for a corpus in a language."""
        return self

    def open(
        self, name: str, collection: "Collection", embeddings: Path | None = None, model: Path | None = None
    ) -> Retriever:
        """Return the retriever over a collection.

        ``embeddings`` is the file of the encoded corpus, for a retriever that embeds. ``model`` is a trained model that
        replaces the model in the settings.
        """
        raise NotImplementedError
