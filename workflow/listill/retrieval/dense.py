"""Dense retrieval: exact search over the embeddings of a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval import embeddings
from listill.retrieval.encoder import Encoder
from listill.retrieval.retriever import Retriever
from listill.retrieval.search import search
from listill.retrieval.tokens import Tokens
from listill.settings.search_index import SearchIndex

if TYPE_CHECKING:
    from listill.retrieval.approximate import Approximate


# Queries whose nearest documents are searched exactly to measure the recall of an index.
MEASURED = 500


class DenseRetriever(Retriever):
    """Encode queries with ``encoder`` and search the embeddings of the corpus [documents, d].

    ``corpus`` may also be the path of the embeddings. If ``name`` is empty, no progress is shown. The
    search is exact unless it is told to ``use`` another index.
    """

    def __init__(self, name: str, collection: Collection, encoder: Encoder, corpus: np.ndarray | Path) -> None:
        super().__init__(name, collection)
        self.encoder = encoder
        self.corpus = embeddings.load(corpus, collection) if isinstance(corpus, Path) else corpus
        self.approximate: Approximate | None = None

    def use(self, index: SearchIndex) -> None:
        """Search with this index from now on."""
        if index.method == "exact":
            self.approximate = None
        else:
            from listill.retrieval.approximate import Approximate

            self.approximate = Approximate(self.corpus, index)

    def search(self, queries: list[str] | Tokens, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return for each query the positions and scores of the ``depth`` documents with the highest inner products."""
        label = f"encode queries ({self.name})" if self.name else ""
        query_vectors = self.encoder.encode(queries, "query", label)
        return self.search_vectors(query_vectors, depth)

    def recall(self, queries: list[str], depth: int) -> float | None:
        """Return the share of the nearest documents of (some of) the queries that are found; None if search is exact."""
        if self.approximate is None:
            return None
        return self.approximate.recall(self.encoder.encode(queries, "query"), depth, self.collection.id_order)

    def search_vectors(self, query_vectors: np.ndarray, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Search with query embeddings [queries, d] that have been computed before."""
        if self.approximate:
            return self.approximate.search(query_vectors, depth, self.collection.id_order)
        return search(query_vectors, self.corpus, depth, self.collection.id_order)
