"""The dense teacher: the cosine of the model's own embeddings."""

import numpy as np

from listill.teachers.kinds.dense import DenseTeacher
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources


def test_dense_is_the_cosine(pairs: Pairs, resources: Resources) -> None:
    found = DenseTeacher(kind="dense", student="s").score(pairs, resources)
    model = resources.encoder("s").model
    queries = model.encode_query(pairs.queries)
    texts = model.encode_document(pairs.texts(pairs.text))
    np.testing.assert_allclose(found, (queries[pairs.query] * texts).sum(1), atol=1e-5)


def test_dense_takes_the_embeddings_of_the_corpus_where_it_can(pairs: Pairs, resources: Resources) -> None:
    n = len(pairs.collection)
    matrix = np.zeros((n, 32), dtype=np.float32)
    matrix[:, 0] = np.arange(n)
    known = Resources(resources.collection, resources.students, resources.bm25, {"s": matrix})
    found = DenseTeacher(kind="dense").score(pairs, known)
    plain = DenseTeacher(kind="dense").score(pairs, resources)
    edited = pairs.text >= n
    assert edited.sum() == 5
    np.testing.assert_allclose(found[edited], plain[edited], atol=1e-6)
    queries = resources.encoder("s").encode(pairs.queries, "query")
    expected = queries[pairs.query[~edited], 0] * pairs.text[~edited]
    np.testing.assert_allclose(found[~edited], expected, atol=1e-4)
