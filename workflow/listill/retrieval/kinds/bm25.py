"""An additional BM25 retriever with its own parameters."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.retrieval.retriever import Retriever, RetrieverSettings
from listill.settings.bm25 import Bm25

if TYPE_CHECKING:
    from listill.corpus.collection import Collection


class AdditionalBm25(Bm25, RetrieverSettings):
    """BM25 with parameters that differ from `mining.bm25`."""

    kind: Literal["bm25"] = Field(description="Lucene's BM25")

    def open(
        self, name: str, collection: "Collection", embeddings: Path | None = None, model: Path | None = None
    ) -> Retriever:
        """Return the retriever over a collection."""
        from listill.retrieval.bm25 import Bm25Retriever

        return Bm25Retriever(name, collection, self)
