"""Dense retrieval: exact search over the embeddings of a corpus."""

from pathlib import Path

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval import embeddings
from listill.retrieval.encoder import Encoder
from listill.retrieval.retriever import Retriever
from listill.retrieval.search import search
from listill.retrieval.tokens import Tokens


class DenseRetriever(Retriever):
    """Encodes queries with ``encoder`` and searches the corpus' embeddings [documents, d].

    ``corpus`` may be the file of the embeddings: it is then read for each search, so that of several retrievers only one
    matrix is in memory at a time. With an empty name no progress is shown.
    """

    def __init__(self, name: str, collection: Collection, encoder: Encoder, corpus: np.ndarray | Path) -> None:
        super().__init__(name, collection)
        self.encoder, self.corpus = encoder, corpus

    def search(self, queries: list[str] | Tokens, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return for each query at most ``depth`` documents by inner product, and their scores."""
        label = f"encode queries ({self.name})" if self.name else ""
        vectors = self.encoder.encode(queries, "query", label)
        return self.search_vectors(vectors, depth)

    def search_vectors(self, vectors: np.ndarray, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Search for queries that are encoded already [queries, d]."""
        matrix = embeddings.load(self.corpus, self.collection) if isinstance(self.corpus, Path) else self.corpus
        return search(vectors, matrix, depth, self.collection.id_order)
