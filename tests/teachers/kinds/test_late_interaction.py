"""MaxSim of a bi-encoder's token vectors against a naive implementation."""

import numpy as np
import pytest

from listill.teachers import query_vectors
from listill.teachers.kinds import late_interaction
from listill.teachers.kinds.late_interaction import LateInteraction
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import naive_maxsim


def test_late_interaction(pairs: Pairs, resources: Resources) -> None:
    scores = LateInteraction(kind="late_interaction").score(pairs, resources)
    encoder = resources.encoder("s")
    queries = encoder.token_vectors(pairs.queries, "query")
    texts = encoder.token_vectors(pairs.texts(pairs.text), "document")
    expected = [naive_maxsim(queries[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    np.testing.assert_allclose(scores, expected, atol=0.005)  # bf16
    assert np.ptp(expected) > 0.05


@pytest.mark.parametrize(
    ("text_block", "pair_block", "memory"), [(1, 1, 0), (3, 2, 1 << 30), (7, 256, 0), (512, 5, 9000), (512, 256, 1)]
)
def test_late_interaction_does_not_depend_on_blocks(
    pairs: Pairs,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    text_block: int,
    pair_block: int,
    memory: int,
) -> None:
    member = LateInteraction(kind="late_interaction")
    expected = member.score(pairs, resources)
    resources.loaded(None, lambda _: None)  # forgets the token vectors of the queries
    monkeypatch.setattr(query_vectors, "MEMORY", memory)
    monkeypatch.setattr(query_vectors, "BLOCK", 3)
    monkeypatch.setattr(late_interaction, "TEXT_BLOCK", text_block)
    monkeypatch.setattr(late_interaction, "PAIR_BLOCK", pair_block)
    np.testing.assert_allclose(member.score(pairs, resources), expected, atol=0.005)
