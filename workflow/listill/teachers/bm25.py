"""BM25 as a teacher: weak alone, but it sees exact words that embeddings blur."""

import numpy as np

from listill.settings import Bm25Teacher
from listill.teachers.pairs import Pairs, Resources


def score(member: Bm25Teacher, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Return Lucene's BM25 of each pair."""
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
