"""The token vectors of queries are kept up to a bound."""

import numpy as np
import pytest
import torch

from listill.retrieval.encoder import Encoder
from listill.teachers import query_vectors
from listill.teachers.pairs import Pairs
from listill.teachers.query_vectors import QueryVectors
from listill.teachers.resources import Resources


@pytest.fixture
def encoded(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the encoder has encoded."""
    texts: list[str] = []
    original = Encoder.token_vectors

    def recorded(encoder: Encoder, some: list[str], kind: str) -> list[torch.Tensor]:
        texts.extend(some)
        return original(encoder, some, kind)

    monkeypatch.setattr(Encoder, "token_vectors", recorded)
    return texts


def test_each_query_is_encoded_once(pairs: Pairs, resources: Resources, encoded: list[str]) -> None:
    vectors = QueryVectors(resources.encoder("s"), pairs.queries)
    for positions in ([3, 1, 3], [0], range(10)):
        made = vectors.of(np.array(positions))
        assert sorted(made) == sorted(set(positions))
    assert encoded == pairs.queries


@pytest.mark.parametrize(("memory", "kept"), [(0, 0), (1, 4), (10**9, 10)])
def test_only_the_first_ones_are_kept(
    memory: int, kept: int, pairs: Pairs, resources: Resources, encoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = resources.encoder("s").token_vectors(pairs.queries, "query")
    encoded.clear()
    monkeypatch.setattr(query_vectors, "MEMORY", memory)
    monkeypatch.setattr(query_vectors, "BLOCK", 4)
    vectors = QueryVectors(resources.encoder("s"), pairs.queries)
    assert encoded == pairs.queries[:kept]
    made = vectors.of(np.array([9, 2, 9]))
    assert encoded == [*pairs.queries[:kept], *(pairs.queries[q] for q in (2, 9) if q >= kept)]
    for q in (2, 9):
        assert made[q].dtype == torch.bfloat16
        torch.testing.assert_close(made[q].float(), expected[q].float(), atol=0.01, rtol=0)
