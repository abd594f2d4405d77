"""A bi-encoder as a teacher: the similarity of pooled embeddings."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.section import Name
from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class DenseTeacher(Teacher):
    """Similarity of the pooled embeddings of a bi-encoder."""

    kind: Literal["dense"] = Field(description="similarity of embeddings")
    student: Name | None = Field(None, description="the student whose base model is used; default: the first by name")

    def students_used(self) -> list[str]:
        """Return the student, if one is named."""
        return [self.student] if self.student else []

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the inner product of query and text embedding (the cosine, where the model's similarity is the cosine)."""
        import numpy as np

        name = resources.name(self.student)
        encoder = resources.encoder(name)
        queries = encoder.encode(pairs.queries, "query", "dense teacher: queries")
        units, place = np.unique(pairs.text, return_inverse=True)
        texts = np.empty((len(units), encoder.dimension), dtype=np.float32)
        known = units < len(pairs.collection) if name in resources.embeddings else np.zeros(len(units), dtype=bool)
        if known.any():
            texts[known] = resources.embeddings[name][units[known]]
        texts[~known] = encoder.encode(pairs.texts(units[~known]), "document", "dense teacher: passages")
        return np.einsum("pd,pd->p", queries[pairs.query], texts[place])
