"""BM25's parameters."""

import pytest

from checked_config import config, fault, parsed


def test_lucenes_parameters_may_be_others() -> None:
    bm25 = parsed(mining={"bm25": {"k1": 1.2, "b": 0.75, "stemmer": None, "stopwords": None}}).mining.bm25
    assert (bm25.k1, bm25.b, bm25.stemmer, bm25.stopwords) == (1.2, 0.75, None, None)


@pytest.mark.parametrize(("key", "value"), [("k1", 0), ("b", 1.5), ("library", "lucene")])
def test_impossible_parameters(key: str, value: object) -> None:
    assert f"mining.bm25.{key}: " in fault(config(mining={"bm25": {key: value}}))
