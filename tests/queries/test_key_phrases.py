"""Key phrases are those of scikit-learn's tf-idf, which holds all terms as texts."""

import random

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from listill.corpus.collection import Collection
from listill.queries.generators.extractive import Extractive
from listill.queries.key_phrases import Words, key_phrases

WORDS = [
    "Lava",
    "crater",
    "ash",
    "vent",
    "the",
    "of",
    "42",
    "a",
    "_x",
    "ox",
    "熔岩怎样",
    "火山",
    "naïve",
    "Straße",
    "magma",
]


def collection(count: int) -> Collection:
    draw = random.Random(3)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(0, 12))) for _ in range(count)]
    return Collection([f"d{i}" for i in range(count)], [""] * count, texts, np.arange(count))


def expected(corpus: Collection, passages: list[int], count: int) -> list[list[str]]:
    words = Words(frozenset({"the"}))
    vectors = TfidfVectorizer(analyzer=lambda text: [words.name(term) for term in words.terms(text)], sublinear_tf=True)
    vectors.fit(corpus.all_rendered())
    names = vectors.get_feature_names_out()
    found = []
    for row in vectors.transform([corpus.rendered(i) for i in passages]):
        phrases: list[str] = []
        for j in np.lexsort((names[row.indices], -row.data)):
            if not any(names[row.indices[j]] in one or one in names[row.indices[j]] for one in phrases):
                phrases.append(str(names[row.indices[j]]))
        found.append(phrases[:count])
    return found


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize("passages", [[3, 9, 4], [*range(90)]], ids=["some", "all"])
def test_they_have_the_highest_tf_idf(monkeypatch: pytest.MonkeyPatch, passages: list[int], block: int) -> None:
    monkeypatch.setattr("listill.queries.key_phrases.BLOCK", block)
    monkeypatch.setattr("listill.queries.key_phrases._stop_words", lambda language: frozenset({"the"}))
    corpus = collection(90)
    assert list(key_phrases(corpus, passages, 3)) == expected(corpus, passages, 3)
    assert list(key_phrases(corpus, [], 3)) == []


def test_terms_are_usable_words_and_pairs_of_neighbours() -> None:
    words = Words(frozenset({"the"}))
    found = words.terms("the Ash ox vent 12 of_ crater 火山口 lava _x")
    assert [words.name(term) for term in found.tolist()] == [
        *("ash", "vent", "of_", "crater", "火山", "山口", "lava"), "ash vent", "vent of_", "of_ crater"
    ]  # fmt: skip
    assert words.terms("the of").tolist() == []


def test_the_stop_words_of_key_phrases_are_those_of_the_language() -> None:
    text = "der Vulkan und der Krater und die Asche und der Ofen"

    def phrases(language: str) -> set[str]:
        alone = Collection(["d"], [None], [text], np.arange(1), language=language)
        made = Extractive(kind="extractive", types={"keyphrases": 1}, phrases=9).generate(alone, [0], 7)
        return set(made["text"].iloc[0].split())

    assert phrases("german") == {"vulkan", "krater", "asche", "ofen"}
    assert phrases("english") & {"der", "und", "die"}
