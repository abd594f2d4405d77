"""Stemmers and stop words by language."""

from typing import get_args

import bm25s
import pytest
import Stemmer

from listill.languages import Language, Stemmed, WithStopWords, stemmer, stop_words


def test_every_stemmer_exists() -> None:
    assert set(get_args(Stemmed)) <= set(Stemmer.algorithms())
    assert {stemmer(language) for language in get_args(Stemmed)} == set(get_args(Stemmed))


def test_every_list_of_stop_words_exists() -> None:
    assert set(get_args(WithStopWords)) <= set(get_args(Language))
    for language in get_args(WithStopWords):
        (tokens,) = bm25s.tokenize(["xyz"], stopwords=stop_words(language), return_ids=False, show_progress=False)
        assert tokens == ["xyz"]


@pytest.mark.parametrize(("language", "expected"), [("english", ("english", "en")), ("thai", (None, None))])
def test_english_and_a_language_without_either(language: str, expected: tuple[str | None, str | None]) -> None:
    assert (stemmer(language), stop_words(language)) == expected
