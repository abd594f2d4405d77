"""A further bi-encoder, whose candidates join those of the students."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from listill.retrieval.retriever import Retriever, RetrieverSettings
from listill.settings.students import Student
from listill.source_files import model_files

if TYPE_CHECKING:
    from listill.corpus.collection import Collection


class AdditionalDense(Student, RetrieverSettings):
    """A bi-encoder beside the students."""

    embeds: ClassVar[bool] = True

    kind: Literal["dense"] = Field(description="a bi-encoder")

    def files(self) -> list[str]:
        """Return what tells that the model's folder has changed."""
        return model_files(self.model)

    def open(
        self, name: str, collection: "Collection", embeddings: Path | None = None, model: Path | None = None
    ) -> Retriever:
        """Return the retriever over the embeddings of a collection."""
        from listill.retrieval.dense import DenseRetriever
        from listill.retrieval.encoder import Encoder

        assert embeddings is not None
        return DenseRetriever(name, collection, Encoder(self, model), embeddings)
