"""An additional bi-encoder, whose candidates are added to those of the students."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from listill.retrieval.retriever import Retriever, RetrieverSettings
from listill.settings.students import FrozenEncoder
from listill.source_files import model_files

if TYPE_CHECKING:
    from listill.corpus.collection import Collection


class AdditionalDense(FrozenEncoder, RetrieverSettings):
    """A bi-encoder in addition to the students."""

    embeds: ClassVar[bool] = True

    kind: Literal["dense"] = Field(description="a bi-encoder")

    def files(self) -> list[str]:
        """Return the files of the model's folder; if one changes, the candidates are mined again."""
        return model_files(self.model, self.onnx)

    def open(
        self, name: str, collection: "Collection", embeddings: Path | None = None, model: Path | None = None
    ) -> Retriever:
        """Return the retriever over the embeddings of a collection."""
        from listill.retrieval.dense import DenseRetriever
        from listill.retrieval.encoder import Encoder

        assert embeddings is not None
        return DenseRetriever(name, collection, Encoder(self, model), embeddings)
