"""A bi-encoder as a teacher: the similarity of pooled embeddings."""

import numpy as np

from listill.settings import Dense
from listill.teachers.pairs import Pairs, Resources


def score(member: Dense, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Return the inner product of query and text embedding (the cosine, where the model's similarity is the cosine)."""
    encoder = resources.encoder(member.student)
    queries = encoder.encode(pairs.queries, "query", "dense teacher: queries")
    units, place = np.unique(pairs.text, return_inverse=True)
    texts = encoder.encode(pairs.texts(units), "document", "dense teacher: passages")
    return np.einsum("pd,pd->p", queries[pairs.query], texts[place])
