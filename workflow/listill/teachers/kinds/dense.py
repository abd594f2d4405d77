"""A bi-encoder as a teacher: the similarity of pooled embeddings."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from listill.teachers.bi_encoder import BiEncoderTeacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class DenseTeacher(BiEncoderTeacher):
    """Similarity of the pooled embeddings of a bi-encoder."""

    uses_embeddings: ClassVar = True

    kind: Literal["dense"] = Field(description="similarity of embeddings")

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the inner products of the embeddings of queries and texts (with cosine models, the cosine)."""
        import numpy as np

        name = resources.student_name(self.student)
        encoder = resources.encoder(name)
        query_vectors = encoder.encode(pairs.queries, "query", "dense teacher: queries")
        positions, text = np.unique(pairs.text, return_inverse=True)
        text_vectors = np.empty((len(positions), encoder.dimension), dtype=np.float32)
        has_vector = np.zeros(len(positions), dtype=bool)
        if name in resources.embeddings:
            has_vector = positions < len(pairs.collection)
        if has_vector.any():
            text_vectors[has_vector] = resources.embeddings[name][positions[has_vector]]
        missing_texts = pairs.texts(positions[~has_vector])
        text_vectors[~has_vector] = encoder.encode(missing_texts, "document", "dense teacher: passages")
        return np.einsum("pd,pd->p", query_vectors[pairs.query], text_vectors[text])
