"""The dense teacher: the cosine of the model's embeddings."""

import numpy as np

from listill.teachers.kinds.dense import DenseTeacher
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources


def test_the_score_is_the_cosine(pairs: Pairs, resources: Resources) -> None:
    scores = DenseTeacher(kind="dense", student="s").score(pairs, resources)
    model = resources.encoder("s").model
    queries = model.encode_query(pairs.queries)
    texts = model.encode_document(pairs.texts(pairs.text))
    np.testing.assert_allclose(scores, (queries[pairs.query] * texts).sum(1), atol=1e-5)


def test_embeddings_of_the_corpus_are_reused(pairs: Pairs, resources: Resources) -> None:
    n = len(pairs.collection)
    matrix = np.zeros((n, 32), dtype=np.float32)
    matrix[:, 0] = np.arange(n)
    with_matrix = Resources(resources.collection, resources.students, resources.bm25, {"s": matrix})
    scores = DenseTeacher(kind="dense").score(pairs, with_matrix)
    encoded_scores = DenseTeacher(kind="dense").score(pairs, resources)
    is_edited = pairs.text >= n
    assert is_edited.sum() == 5
    np.testing.assert_allclose(scores[is_edited], encoded_scores[is_edited], atol=1e-6)
    queries = resources.encoder("s").encode(pairs.queries, "query")
    expected = queries[pairs.query[~is_edited], 0] * pairs.text[~is_edited]
    np.testing.assert_allclose(scores[~is_edited], expected, atol=1e-4)
