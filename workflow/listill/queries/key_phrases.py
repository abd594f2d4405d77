"""Key phrases: the words and word pairs of a passage with the highest tf-idf.

Terms are counted as integers, block by block: a large corpus has many more word pairs than fit in memory as texts. Only
terms of the chosen passages are counted.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import bm25s.stopwords
import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from listill.corpus.collection import Collection
from listill.languages import stop_words
from listill.strings import BLOCK
from listill.words import paired, terms


def key_phrases(collection: Collection, passages: list[int], count: int) -> Iterator[list[str]]:
    """Yield the ``count`` words and word pairs of each passage with the highest tf-idf, without overlaps.

    The weight is (1 + ln tf) (1 + ln((1 + n) / (1 + df))), as in scikit-learn with sublinear_tf; equal ones are sorted by
    name. A phrase is skipped if it is part of a phrase with a higher weight, or contains one.
    """
    words = Words(_stop_words(collection.language))
    known = _terms_of(words, (collection.rendered(i) for i in passages))
    frequency = np.zeros(len(known), dtype=np.int64)
    for distinct, counts in _blocks(words, collection.all_rendered()):
        places = np.minimum(np.searchsorted(known, distinct), max(0, len(known) - 1))
        found = known[places] == distinct if len(known) else np.zeros(len(distinct), dtype=bool)
        frequency[places[found]] += counts[found]
    idf = np.log((1 + len(collection)) / (1.0 + frequency)) + 1
    for i in passages:
        distinct, counts = np.unique(words.terms(collection.rendered(i)), return_counts=True)
        weights = (np.log(counts.astype(np.float64)) + 1) * idf[np.searchsorted(known, distinct)]
        order = np.argsort(-weights)
        of_equal_weight = np.split(distinct[order], 1 + np.flatnonzero(np.diff(weights[order])))
        yield _without_overlaps((phrase for equal in of_equal_weight for phrase in words.names_of(equal)), count)


def _without_overlaps(ranked: Iterable[str], count: int) -> list[str]:
    phrases: list[str] = []
    for phrase in ranked:
        if not any(phrase in other or other in phrase for other in phrases):
            phrases.append(phrase)
        if len(phrases) == count:
            break
    return phrases


class Words:
    """The words that can be (part of) a key phrase, and their numbers.

    A word has at least three characters. In scripts where a word is a pair of characters, it stands alone, and its number
    is odd. A term is the number of a word, or that of the first word of a pair, plus one, in the higher 32 bits.
    """

    def __init__(self, stopped: frozenset[str]) -> None:
        self.stopped = stopped
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}  # -1 for a word that cannot be part of a key phrase

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of the words of a text, in their order."""
        known = self._numbers
        numbers = (known[word] if word in known else self._add(word) for word in terms(text.lower()))
        return [number for number in numbers if number >= 0]

    def _add(self, word: str) -> int:
        alone = paired(word)
        usable = (len(word) > 2 or alone) and not word[0].isdecimal() and word[0] != "_" and word not in self.stopped
        self._numbers[word] = 2 * len(self.names) + alone if usable else -1
        if usable:
            self.names.append(word)
        return self._numbers[word]

    def terms(self, text: str) -> np.ndarray:
        """Return the words of a text and all pairs of neighbours among them (int64 [terms])."""
        numbers = np.array(self.numbers(text), dtype=np.int64)
        return np.concatenate([numbers, _pairs(numbers)[0]])

    def names_of(self, terms: np.ndarray) -> list[str]:
        """Return terms as texts, sorted."""
        return sorted(map(self.name, terms.tolist()))

    def name(self, term: int) -> str:
        """Return a term as text."""
        first, last = (term >> 32) - 1, term & 0xFFFFFFFF
        return self.names[last >> 1] if first < 0 else f"{self.names[first >> 1]} {self.names[last >> 1]}"


def _pairs(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms of pairs of neighbours (int64 [pairs]), and the positions of their first words."""
    together = np.flatnonzero((numbers[:-1] % 2 == 0) & (numbers[1:] % 2 == 0))
    return (numbers[together] + 1 << 32) | numbers[together + 1], together


def _blocks(words: Words, texts: Iterable[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the different terms of a block of texts, sorted, and the number of texts that have each (int64 [terms])."""
    rows = map(words.numbers, texts)
    while block := list(islice(rows, BLOCK)):
        owner = np.repeat(np.arange(len(block)), [len(row) for row in block])
        numbers = np.fromiter((number for row in block for number in row), np.int64, len(owner))
        pairs, first = _pairs(numbers)
        inside = owner[first] == owner[first + 1] if len(first) else np.zeros(0, dtype=bool)
        all_terms = np.concatenate([numbers, pairs[inside]])
        owners = np.concatenate([owner, owner[first[inside]]])
        order = np.lexsort((owners, all_terms))
        all_terms, owners = all_terms[order], owners[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (all_terms[1:] != all_terms[:-1]) | (owners[1:] != owners[:-1])
        all_terms = all_terms[new]
        starts = np.flatnonzero(np.diff(all_terms, prepend=-1))
        yield all_terms[starts], np.diff(starts, append=len(all_terms))


def _terms_of(words: Words, texts: Iterable[str]) -> np.ndarray:
    """Return the different terms of texts, sorted (int64 [terms])."""
    known, waiting, size = np.zeros(0, dtype=np.int64), [], 0
    for distinct, _ in _blocks(words, texts):
        waiting.append(distinct)
        size += len(distinct)
        if size > len(known):  # merging takes time in proportion to what is known
            known, waiting, size = np.unique(np.concatenate([known, *waiting])), [], 0
    return np.unique(np.concatenate([known, *waiting]))


def _stop_words(language: str) -> frozenset[str]:
    """Return the stop words of a language; none if there is no list of them."""
    if language == "english":
        return ENGLISH_STOP_WORDS
    return frozenset(getattr(bm25s.stopwords, f"STOPWORDS_{language.upper()}")) if stop_words(language) else frozenset()
