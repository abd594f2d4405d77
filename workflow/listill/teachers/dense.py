"""A bi-encoder as a teacher: the similarity of pooled embeddings."""

import numpy as np

from listill.settings import Dense
from listill.teachers.pairs import Pairs, Resources


def score(member: Dense, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Return the inner product of query and text embedding (the cosine, where the model's similarity is the cosine)."""
    name = resources.name(member.student)
    encoder = resources.encoder(name)
    queries = encoder.encode(pairs.queries, "query", "dense teacher: queries")
    units, place = np.unique(pairs.text, return_inverse=True)
    texts = np.empty((len(units), encoder.dimension), dtype=np.float32)
    known = units < len(pairs.collection) if name in resources.embeddings else np.zeros(len(units), dtype=bool)
    if known.any():
        texts[known] = resources.embeddings[name][units[known]]
    texts[~known] = encoder.encode(pairs.texts(units[~known]), "document", "dense teacher: passages")
    return np.einsum("pd,pd->p", queries[pairs.query], texts[place])
