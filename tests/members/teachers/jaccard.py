"""A toy teacher: the Jaccard similarity of the words of query and passage."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class Jaccard(Teacher):
    """The Jaccard similarity of words."""

    kind: Literal["jaccard"] = Field(description="the Jaccard similarity of words")

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the similarity of each pair."""
        import numpy as np

        queries = [set(query.lower().split()) for query in pairs.queries]
        texts = [set(text.lower().split()) for text in pairs.texts(pairs.text)]
        both = zip((queries[q] for q in pairs.query), texts, strict=True)
        return np.array([len(query & text) / len(query | text) for query, text in both], dtype=np.float32)
