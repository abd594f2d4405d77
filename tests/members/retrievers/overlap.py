"""A toy retriever: documents by the number of words that they share with the query."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.retrieval.retriever import Retriever, RetrieverSettings

if TYPE_CHECKING:
    import numpy as np

    from listill.corpus.collection import Collection


class Overlap(Retriever):
    """Counts shared words."""

    def search(self, queries: list[str], depth: int) -> "tuple[list[np.ndarray], list[np.ndarray]]":  # type: ignore[override]
        """Return for each query the best documents and the number of words that they share with it."""
        import numpy as np

        from listill.retrieval.search import top_k

        everything = np.arange(len(self.collection))
        words = [set(self.collection.rendered(i).split()) for i in everything]
        counts = [np.array([len(words[i] & set(query.split())) for i in everything]) for query in queries]
        best = [top_k(count, everything, depth, self.collection.id_order) for count in counts]
        return [documents for documents, _ in best], [scores for _, scores in best]


class OverlapSettings(RetrieverSettings):
    """The number of shared words."""

    kind: Literal["overlap"] = Field(description="the number of shared words")

    def open(
        self, name: str, collection: "Collection", embeddings: Path | None = None, model: Path | None = None
    ) -> Retriever:
        """Return the retriever over a collection."""
        return Overlap(name, collection)
