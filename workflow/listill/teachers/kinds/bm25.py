"""BM25 as a teacher: weak alone, but it sees exact words that embeddings blur."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class Bm25Teacher(Teacher):
    """BM25 with the settings of `mining.bm25`."""

    kind: Literal["bm25"] = Field(description="Lucene's BM25")

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return Lucene's BM25 of each pair."""
        import numpy as np

        index, documents = resources.index, len(pairs.collection)
        scores = np.empty(len(pairs), dtype=np.float32)
        edges = np.searchsorted(pairs.query, np.arange(len(pairs.queries) + 1))
        for q, terms in enumerate(index.tokenise(pairs.queries)):
            own = slice(edges[q], edges[q + 1])
            units = pairs.text[own]
            indexed = units < documents
            every = index.scores(terms)
            scores[own][indexed] = every[units[indexed]]
            for p in np.flatnonzero(~indexed):
                scores[own.start + p] = index.score_text(terms, pairs.edited[units[p] - documents])
        return scores
