"""Stemmers and stop words by language."""

from typing import get_args

import bm25s
import pytest
import Stemmer

from listill.languages import STOP_WORDS, Language, Stemmed, code, stemmer, stop_words


def test_every_stemmer_exists() -> None:
    assert set(get_args(Stemmed)) <= set(Stemmer.algorithms())
    assert {stemmer(language) for language in get_args(Stemmed)} == set(get_args(Stemmed))


def test_every_list_of_stop_words_exists() -> None:
    languages = set(STOP_WORDS.values()) - {"english_plus"}
    assert languages <= {name for part in get_args(Language) for name in get_args(part) or [part]}
    for language in languages:  # Danish and Korean among them
        assert stop_words(language) is not None
        (tokens,) = bm25s.tokenize(["xyz"], stopwords=stop_words(language), return_ids=False, show_progress=False)
        assert tokens == ["xyz"]


@pytest.mark.parametrize(("language", "expected"), [("english", ("english", "en")), ("thai", (None, None))])
def test_english_and_a_language_without_either(language: str, expected: tuple[str | None, str | None]) -> None:
    assert (stemmer(language), stop_words(language)) == expected


def test_every_language_but_other_has_a_code() -> None:
    languages = {name for part in get_args(Language) for name in get_args(part) or [part]}
    codes = {language: code(language) for language in languages}
    assert [language for language, short in codes.items() if short is None] == ["other"]
    assert len(set(codes.values())) == len(codes)
    assert (code("english"), code("german")) == ("en", "de")
