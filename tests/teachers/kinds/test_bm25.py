"""BM25 as a teacher."""

import numpy as np

from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources


def test_bm25_scores_passages_without_their_queries_too(pairs: Pairs, resources: Resources) -> None:
    found = Bm25Teacher(kind="bm25").score(pairs, resources)
    index = resources.index
    texts = pairs.texts(pairs.text)
    terms = index.tokenise(pairs.queries)
    expected = [index.score_text(terms[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    # What the cut takes away is seen: with its query in it, the source would score higher.
    for p in np.flatnonzero(pairs.text >= len(pairs.collection)):
        assert found[p] < index.scores(terms[pairs.query[p]])[pairs.query[p]]
