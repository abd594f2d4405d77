"""Each teacher against a plain version of itself."""

import numpy as np
import pytest
import torch

from listill.teachers import late_interaction, score
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.kinds.late_interaction import LateInteraction
from listill.teachers.pairs import Pairs, Resources


def naive_maxsim(query: torch.Tensor, text: torch.Tensor) -> float:
    total = 0.0
    for q in query.double():
        total += max(float(q @ t) for t in text.double())
    return total / len(query)


def test_maxsim_of_matrices_of_any_length() -> None:
    draw = torch.Generator().manual_seed(0)
    # All similarities are negative, so that padding (0) would win if it counted.
    queries = [torch.rand(n, 4, generator=draw) for n in (3, 1, 7, 2)]
    texts = [-torch.rand(n, 4, generator=draw) for n in (5, 2, 1, 9)]
    found = late_interaction.maxsim(queries, texts)
    assert found.dtype == torch.float32
    expected = [naive_maxsim(q, t) for q, t in zip(queries, texts, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_late_interaction(pairs: Pairs, resources: Resources) -> None:
    found = score(LateInteraction(kind="late_interaction"), pairs, resources)
    encoder = resources.encoder("s")
    queries = encoder.token_vectors(pairs.queries, "query")
    texts = encoder.token_vectors(pairs.texts(pairs.text), "document")
    expected = [naive_maxsim(queries[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    np.testing.assert_allclose(found, expected, atol=0.005)  # bf16
    assert np.ptp(expected) > 0.05


@pytest.mark.parametrize(("texts", "pair"), [(1, 1), (3, 2), (7, 256), (512, 5)])
def test_late_interaction_does_not_depend_on_blocks(
    pairs: Pairs, resources: Resources, monkeypatch: pytest.MonkeyPatch, texts: int, pair: int
) -> None:
    member = LateInteraction(kind="late_interaction")
    whole = score(member, pairs, resources)
    monkeypatch.setattr(late_interaction, "TEXT_BLOCK", texts)
    monkeypatch.setattr(late_interaction, "PAIR_BLOCK", pair)
    np.testing.assert_allclose(score(member, pairs, resources), whole, atol=0.005)


def test_dense_is_the_cosine(pairs: Pairs, resources: Resources) -> None:
    found = score(Dense(kind="dense", student="s"), pairs, resources)
    model = resources.encoder("s").model
    queries = model.encode_query(pairs.queries)
    texts = model.encode_document(pairs.texts(pairs.text))
    np.testing.assert_allclose(found, (queries[pairs.query] * texts).sum(1), atol=1e-5)


def test_dense_takes_the_embeddings_of_the_corpus_where_it_can(pairs: Pairs, resources: Resources) -> None:
    n = len(pairs.collection)
    matrix = np.zeros((n, 32), dtype=np.float32)
    matrix[:, 0] = np.arange(n)
    known = Resources(resources.collection, resources.students, resources.bm25, {"s": matrix})
    found = score(Dense(kind="dense"), pairs, known)
    plain = score(Dense(kind="dense"), pairs, resources)
    edited = pairs.text >= n
    assert edited.sum() == 5
    np.testing.assert_allclose(found[edited], plain[edited], atol=1e-6)
    queries = resources.encoder("s").encode(pairs.queries, "query")
    expected = queries[pairs.query[~edited], 0] * pairs.text[~edited]
    np.testing.assert_allclose(found[~edited], expected, atol=1e-4)


def test_bm25_scores_passages_without_their_queries_too(pairs: Pairs, resources: Resources) -> None:
    found = score(Bm25Teacher(kind="bm25"), pairs, resources)
    index = resources.index
    texts = pairs.texts(pairs.text)
    terms = index.tokenise(pairs.queries)
    expected = [index.score_text(terms[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    # What the cut takes away is seen: with its query in it, the source would score higher.
    for p in np.flatnonzero(pairs.text >= len(pairs.collection)):
        assert found[p] < index.scores(terms[pairs.query[p]])[pairs.query[p]]


@pytest.mark.parametrize("kind", ["bm25", "dense", "late_interaction"])
def test_scores_in_blocks_of_queries(kind: str, pairs: Pairs, resources: Resources) -> None:
    member = {"bm25": Bm25Teacher, "dense": Dense, "late_interaction": LateInteraction}[kind](kind=kind)  # type: ignore[operator]
    whole = score(member, pairs, resources)
    parts = np.concatenate([score(member, block, resources) for block in pairs.blocks(3)])
    np.testing.assert_allclose(parts, whole, atol=0.005)


@pytest.mark.parametrize("kind", ["bm25", "dense", "late_interaction"])
def test_queries_without_pairs(kind: str, pairs: Pairs, resources: Resources) -> None:
    member = {"bm25": Bm25Teacher, "dense": Dense, "late_interaction": LateInteraction}[kind](kind=kind)  # type: ignore[operator]
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert score(member, none, resources).shape == (0,)
