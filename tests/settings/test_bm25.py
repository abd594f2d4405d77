"""BM25's parameters."""

import pytest

from checked_config import config, fault, parsed
from listill.languages import STOP_WORDS


def test_lucenes_parameters_may_be_others() -> None:
    bm25 = parsed(mining={"bm25": {"k1": 1.2, "b": 0.75, "stemmer": None, "stopwords": None}}).mining.bm25
    assert (bm25.k1, bm25.b, bm25.stemmer, bm25.stopwords) == (1.2, 0.75, None, None)


@pytest.mark.parametrize(("key", "value"), [("k1", 0), ("b", 1.5), ("library", "lucene")])
def test_impossible_parameters(key: str, value: object) -> None:
    assert f"mining.bm25.{key}: " in fault(config(mining={"bm25": {key: value}}))


@pytest.mark.parametrize("name", [*STOP_WORDS, *STOP_WORDS.values()])
def test_the_stop_word_lists_are_those_of_bm25s(name: str) -> None:
    import bm25s

    assert parsed(mining={"bm25": {"stopwords": name}}).mining.bm25.stopwords == name
    assert bm25s.tokenize(["a"], stopwords=name, return_ids=False, show_progress=False)
    with pytest.raises(ValueError, match="not recognized"):
        bm25s.tokenize(["a"], stopwords="klingon", return_ids=False, show_progress=False)


@pytest.mark.parametrize("name", ["english", "german", "porter", "russian"])
def test_the_stemmers_are_those_of_snowball(name: str) -> None:
    import Stemmer

    assert parsed(mining={"bm25": {"stemmer": name}}).mining.bm25.stemmer == name
    assert Stemmer.Stemmer(name).stemWord("a") == "a"
