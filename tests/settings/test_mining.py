"""Mining: additional retrievers and their old name."""

import pytest

from checked_config import config, fault, parsed
from listill.retrieval.kinds.bm25 import AdditionalBm25
from listill.settings.config import Settings

DENSE = {"kind": "dense", "model": "m"}


def test_additional_retrievers_of_each_kind() -> None:
    mining = parsed(mining={"additional": {"other": DENSE, "words": {"kind": "bm25", "k1": 1.2}}}).mining
    assert list(mining.additional) == ["other", "words"]
    assert list(mining.embedding) == ["other"]


def test_dense_is_the_old_name_of_additional_retrievers_of_kind_dense() -> None:
    old = parsed(mining={"dense": {"other": {"model": "m"}}, "additional": {"words": {"kind": "bm25"}}})
    new = parsed(mining={"additional": {"words": {"kind": "bm25"}, "other": DENSE}})
    assert old == new


def test_a_retriever_under_both_names() -> None:
    both = {"dense": {"other": {"model": "m"}}, "additional": {"other": DENSE}}
    assert "'other' stands in additional and in dense (its old name): remove one" in fault(config(mining=both))


@pytest.mark.parametrize("value", ["student", "own"])
def test_own_is_the_old_value_of_student(value: str) -> None:
    assert parsed(mining={"consistency": {"require": value}}).mining.consistency.require == "student"


def test_an_unknown_kind_names_the_known_ones() -> None:
    message = fault(config(mining={"additional": {"other": {"kind": "sparse"}}}))
    assert "mining.additional.other" in message
    assert "'bm25', 'dense'" in message


@pytest.mark.parametrize(
    ("language", "bm25", "expected"),
    [
        ("english", {}, ("english", "en")),
        ("german", {}, ("german", "german")),
        ("hindi", {}, ("hindi", None)),
        ("chinese", {}, (None, "chinese")),
        ("other", {}, (None, None)),
        ("german", {"stemmer": "english"}, ("english", "german")),
        ("german", {"stemmer": None, "stopwords": "en"}, (None, "en")),
    ],
)
def test_bm25_has_what_the_language_of_the_corpus_needs_unless_it_is_set(
    language: str, bm25: dict[str, object], expected: tuple[str | None, str | None]
) -> None:
    raw = config(mining={"bm25": bm25, "additional": {"words": {"kind": "bm25", **bm25}, "other": DENSE}})
    raw["corpora"] = {name: {**corpus, "language": language} for name, corpus in raw["corpora"].items()}
    settings = Settings.model_validate(raw)
    (corpus,) = settings.corpora
    mining = settings.mining_on(corpus)
    assert (mining.bm25.stemmer, mining.bm25.stopwords) == expected
    assert mining.additional["words"] == AdditionalBm25(kind="bm25", stemmer=expected[0], stopwords=expected[1])
    assert mining.additional["other"] == settings.mining.additional["other"]
