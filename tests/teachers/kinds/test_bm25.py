"""BM25 as a teacher."""

import numpy as np

from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources


def test_bm25_also_scores_edited_passages(pairs: Pairs, resources: Resources) -> None:
    scores = Bm25Teacher(kind="bm25").score(pairs, resources)
    index = resources.index
    texts = pairs.texts(pairs.text)
    terms = index.tokenise(pairs.queries)
    expected = [index.score_text(terms[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    # With the text of the query in it, the source passage would score higher.
    for p in np.flatnonzero(pairs.text >= len(pairs.collection)):
        assert scores[p] < index.scores(terms[pairs.query[p]])[pairs.query[p]]
