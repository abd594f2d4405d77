"""Queries extracted from the passages themselves, without a model.

- ``title``: the title of the passage.
- ``keyphrases``: the words and word pairs of the passage with the highest tf-idf.
- ``lead``: the first sentence, which often summarises the text.
- ``cloze``: another sentence, drawn at random (Inverse Cloze Task, Lee et al. 2019, arXiv 1906.00300).
- ``crop``: a random span of words (independent cropping, Izacard et al. 2022, arXiv 2112.09118).

The position of lead, cloze and crop queries is recorded, so that their text can be removed from the passage for
training. Some of their words are dropped (word deletion, Wei and Zou 2019, arXiv 1901.11196). The words of titles and
key phrases stay in the passage, so that a student may learn to match words only; key phrases made students worse
(docs/results.md). The default types are therefore those whose text is removed.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from listill.queries.generator import Generator
from listill.queries.sentences import sentences, words
from listill.section import Count, Share

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection

# A sentence is only used if at least this many words of the passage remain without it.
LEFT_WORDS = 8
SENTENCE_WORDS = (4, 40)


class Extractive(Generator):
    """Queries extracted from the passages themselves, without a model."""

    kind: Literal["extractive"] = Field(description="queries extracted from the passages, without a model")
    types: dict[Literal["title", "keyphrases", "cloze", "lead", "crop"], Count] = Field(
        {"lead": 1, "cloze": 1},
        min_length=1,
        description="query types, and the number of queries of each type per passage. The words of `title` and "
        "`keyphrases` queries stay in the passage in training",
    )
    dropout: Share = Field(0.2, description="share of the words of a sentence or crop that are dropped")
    crop_words: tuple[Count, Count] = Field((5, 12), description="minimum and maximum number of words of a crop")
    phrases: Count = Field(4, description="number of key phrases in a keyphrases query")

    @model_validator(mode="after")
    def _in_order(self) -> "Extractive":
        if self.crop_words[0] > self.crop_words[1]:
            raise ValueError(
                f"crop_words: the minimum ({self.crop_words[0]}) is above the maximum ({self.crop_words[1]}): swap them"
            )
        return self

    def query_types(self) -> set[str]:
        """Return the types of its queries."""
        return {*self.types}

    def generate(self, collection: "Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return the queries of the given passages.

        Each query is seeded by (seed, doc_id, type, n), so it does not depend on the other queries.
        """
        import pandas as pd

        needs_phrases = "keyphrases" in self.types and bool(passages)
        phrases = _key_phrases(collection, passages, self.phrases) if needs_phrases else [[] for _ in passages]
        rows = []
        for i, passage_phrases in zip(passages, phrases, strict=True):
            doc_id = collection.doc_ids[i]
            for query_type, count in self.types.items():
                seen = set()
                for n in range(count):
                    rng = random.Random(f"{seed}:{doc_id}:{query_type}:{n}")
                    passage = Passage(collection.titles[i] or "", collection.texts[i], passage_phrases, rng, self)
                    extract = EXTRACTORS[query_type](passage)
                    if extract is None or extract[0] in seen:
                        break
                    seen.add(extract[0])
                    rows.append((f"{doc_id}:{query_type}:{n}", extract[0], query_type, doc_id, *extract[1:]))
        frame = pd.DataFrame(rows, columns=["query_id", "text", "type", "doc_id", "start", "end"])
        return frame.astype({"start": "Int32", "end": "Int32"}).assign(
            generator="extractive", prompt=None, seed=seed, finish_reason=None
        )


@dataclass
class Passage:
    """The input of an extractor."""

    title: str
    text: str
    phrases: list[str]
    random: random.Random
    settings: Extractive


# The text of a query, and the start and end of the characters in the passage's text that it was taken from.
Extract = tuple[str, int | None, int | None]


def _leaves_enough(text: str, start: int, end: int) -> bool:
    return len(words(text[:start])) + len(words(text[end:])) >= LEFT_WORDS


def _usable_sentences(passage: Passage) -> list[tuple[int, int]]:
    low, high = SENTENCE_WORDS
    return [
        (start, end)
        for start, end in sentences(passage.text)
        if low <= len(words(passage.text[start:end])) <= high and _leaves_enough(passage.text, start, end)
    ]


def _with_dropout(passage: Passage, start: int, end: int) -> Extract:
    all_words = words(passage.text[start:end])
    kept = [word for word in all_words if passage.random.random() >= passage.settings.dropout]
    return " ".join(kept or all_words), start, end


def title(passage: Passage) -> Extract | None:
    """Return the title."""
    return (passage.title, None, None) if passage.title else None


def keyphrases(passage: Passage) -> Extract | None:
    """Return the key phrases of the passage in random order."""
    phrases = list(passage.phrases)
    passage.random.shuffle(phrases)
    return (" ".join(phrases), None, None) if phrases else None


def lead(passage: Passage) -> Extract | None:
    """Return the first sentence."""
    first = [span for span in _usable_sentences(passage) if not passage.text[: span[0]].strip()]
    return _with_dropout(passage, *first[0]) if first else None


def cloze(passage: Passage) -> Extract | None:
    """Return a random sentence other than the first."""
    rest = [span for span in _usable_sentences(passage) if passage.text[: span[0]].strip()]
    return _with_dropout(passage, *passage.random.choice(rest)) if rest else None


def crop(passage: Passage) -> Extract | None:
    """Return a random span of words."""
    all_words = words(passage.text)
    low, high = passage.settings.crop_words
    length = passage.random.randint(low, max(low, high))
    if len(all_words) < length + LEFT_WORDS:
        return None
    first_word = passage.random.randrange(len(all_words) - length + 1)
    start = end = 0
    for i, word in enumerate(all_words[: first_word + length]):
        word_start = passage.text.index(word, end)
        end = word_start + len(word)
        if i == first_word:
            start = word_start
    return _with_dropout(passage, start, end)


EXTRACTORS: dict[str, Callable[[Passage], Extract | None]] = {
    "title": title,
    "keyphrases": keyphrases,
    "lead": lead,
    "cloze": cloze,
    "crop": crop,
}


def _key_phrases(collection: "Collection", passages: list[int], count: int) -> list[list[str]]:
    """Return the ``count`` words and word pairs of each passage with the highest tf-idf, without overlaps.

    A phrase is skipped if it is part of a phrase with a higher tf-idf, or contains one.
    """
    import numpy as np
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    vectors = TfidfVectorizer(
        ngram_range=(1, 2),
        stop_words=list(ENGLISH_STOP_WORDS),
        sublinear_tf=True,
        token_pattern=r"(?u)\b[^\W\d_]\w{2,}\b",
    )
    try:
        vectors.fit(collection.rendered(i) for i in range(len(collection)))
    except ValueError:  # the whole corpus has only stop words
        return [[] for _ in passages]
    names = vectors.get_feature_names_out()
    phrases_by_passage = []
    for row in vectors.transform([collection.rendered(i) for i in passages]):
        phrases: list[str] = []
        for j in np.lexsort((names[row.indices], -row.data)):
            phrase = str(names[row.indices[j]])
            if not any(phrase in other or other in phrase for other in phrases):
                phrases.append(phrase)
            if len(phrases) == count:
                break
        phrases_by_passage.append(phrases)
    return phrases_by_passage
