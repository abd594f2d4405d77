"""BM25 as a teacher. It is weak on its own, but it matches exact words, which embeddings do not represent precisely."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class Bm25Teacher(Teacher):
    """BM25 with the settings of `mining.bm25`."""

    uses_bm25: ClassVar = True
    version: ClassVar = 2

    kind: Literal["bm25"] = Field(description="Lucene's BM25")

    def basis(self, resources: "Resources") -> dict[str, Any]:
        """Return the settings, with those of BM25 and a checksum of the corpus, whose statistics every score uses."""
        bm25 = resources.bm25.model_dump(mode="json")
        return super().basis(resources) | {"bm25": bm25, "corpus": resources.corpus_identity}

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the score of each pair by Lucene's BM25."""
        import numpy as np

        index, documents = resources.index, len(pairs.collection)
        scores = np.empty(len(pairs), dtype=np.float32)
        starts = np.searchsorted(pairs.query, np.arange(len(pairs.queries) + 1))
        for q, terms in enumerate(index.tokenise(pairs.queries)):
            query_pairs = slice(starts[q], starts[q + 1])
            text_positions = pairs.text[query_pairs]
            is_indexed = text_positions < documents
            document_scores = index.scores(terms)
            scores[query_pairs][is_indexed] = document_scores[text_positions[is_indexed]]
            for p in np.flatnonzero(~is_indexed):
                edited_text = pairs.edited[text_positions[p] - documents]
                scores[query_pairs.start + p] = index.score_text(terms, edited_text)
        return scores
