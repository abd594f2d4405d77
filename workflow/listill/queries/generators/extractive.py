"""Queries cut out of the passages themselves, without a model.

- ``title``: the title of the passage.
- ``keyphrases``: its words and pairs of words with the largest tf-idf.
- ``lead``: its first sentence, which in much text says what the rest is about.
- ``cloze``: another sentence, drawn at random (Inverse Cloze Task, Lee et al. 2019, arXiv 1906.00300).
- ``crop``: a random span of words (independent cropping, Izacard et al. 2022, arXiv 2112.09118).

Of lead, cloze and crop the place is recorded, so that the text leaves its passage wherever the pair is trained; some of
their words are dropped (word deletion, Wei and Zou 2019, arXiv 1901.11196).
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

# A sentence may only leave a passage that is still a passage without it.
LEFT_WORDS = 8
SENTENCE_WORDS = (4, 40)


class Extractive(Generator):
    """Queries cut out of the passages themselves: no model."""

    kind: Literal["extractive"] = Field(description="cut out of the passages, without a model")
    types: dict[Literal["title", "keyphrases", "cloze", "lead", "crop"], Count] = Field(
        {"lead": 1, "cloze": 1, "keyphrases": 1},
        min_length=1,
        description="query types, and how many of each a passage gives",
    )
    dropout: Share = Field(0.2, description="share of the words of a sentence or crop that are dropped")
    crop_words: tuple[Count, Count] = Field((5, 12), description="fewest and most words of a crop")
    phrases: Count = Field(4, description="key phrases in a keyphrases query")

    @model_validator(mode="after")
    def _in_order(self) -> "Extractive":
        if self.crop_words[0] > self.crop_words[1]:
            raise ValueError(
                f"crop_words: the fewest ({self.crop_words[0]}) are more than the most ({self.crop_words[1]})"
            )
        return self

    def generate(self, collection: "Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return the queries of the given passages; each is seeded by (seed, doc_id, type, n), whatever else is generated."""
        import pandas as pd

        wanted = "keyphrases" in self.types and bool(passages)
        phrases = _key_phrases(collection, passages, self.phrases) if wanted else [[] for _ in passages]
        rows = []
        for i, own in zip(passages, phrases, strict=True):
            doc_id = collection.doc_ids[i]
            for kind, count in self.types.items():
                seen = set()
                for n in range(count):
                    generator = random.Random(f"{seed}:{doc_id}:{kind}:{n}")
                    passage = Passage(collection.titles[i] or "", collection.texts[i], own, generator, self)
                    extract = EXTRACTORS[kind](passage)
                    if extract is None or extract[0] in seen:
                        break
                    seen.add(extract[0])
                    rows.append((f"{doc_id}:{kind}:{n}", extract[0], kind, doc_id, *extract[1:]))
        frame = pd.DataFrame(rows, columns=["query_id", "text", "type", "doc_id", "start", "end"])
        return frame.astype({"start": "Int32", "end": "Int32"}).assign(
            generator="extractive", prompt=None, seed=seed, finish_reason=None
        )


@dataclass
class Passage:
    """What an extractor sees."""

    title: str
    text: str
    phrases: list[str]
    random: random.Random
    settings: Extractive


# Text, and the characters of the passage's text that it was taken from.
Extract = tuple[str, int | None, int | None]


def _leaves_enough(text: str, start: int, end: int) -> bool:
    return len(words(text[:start])) + len(words(text[end:])) >= LEFT_WORDS


def _usable(passage: Passage) -> list[tuple[int, int]]:
    low, high = SENTENCE_WORDS
    return [
        (start, end)
        for start, end in sentences(passage.text)
        if low <= len(words(passage.text[start:end])) <= high and _leaves_enough(passage.text, start, end)
    ]


def _thinned(passage: Passage, start: int, end: int) -> Extract:
    every = words(passage.text[start:end])
    kept = [word for word in every if passage.random.random() >= passage.settings.dropout]
    return " ".join(kept or every), start, end


def title(passage: Passage) -> Extract | None:
    """The title."""
    return (passage.title, None, None) if passage.title else None


def keyphrases(passage: Passage) -> Extract | None:
    """The passage's most telling words and pairs of words, in random order."""
    phrases = list(passage.phrases)
    passage.random.shuffle(phrases)
    return (" ".join(phrases), None, None) if phrases else None


def lead(passage: Passage) -> Extract | None:
    """The first sentence."""
    first = [span for span in _usable(passage) if not passage.text[: span[0]].strip()]
    return _thinned(passage, *first[0]) if first else None


def cloze(passage: Passage) -> Extract | None:
    """Any sentence but the first."""
    rest = [span for span in _usable(passage) if passage.text[: span[0]].strip()]
    return _thinned(passage, *passage.random.choice(rest)) if rest else None


def crop(passage: Passage) -> Extract | None:
    """A span of words from anywhere."""
    every = words(passage.text)
    low, high = passage.settings.crop_words
    length = passage.random.randint(low, max(low, high))
    if len(every) < length + LEFT_WORDS:
        return None
    begin = passage.random.randrange(len(every) - length + 1)
    start = end = 0
    for i, word in enumerate(every[: begin + length]):
        place = passage.text.index(word, end)
        end = place + len(word)
        if i == begin:
            start = place
    return _thinned(passage, start, end)


EXTRACTORS: dict[str, Callable[[Passage], Extract | None]] = {
    "title": title,
    "keyphrases": keyphrases,
    "lead": lead,
    "cloze": cloze,
    "crop": crop,
}


def _key_phrases(collection: "Collection", passages: list[int], count: int) -> list[list[str]]:
    """Return for each passage its ``count`` best words and pairs by tf-idf, none of them part of a better one."""
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
    except ValueError:  # nothing but stop words in the whole corpus
        return [[] for _ in passages]
    names = vectors.get_feature_names_out()
    chosen = []
    for row in vectors.transform([collection.rendered(i) for i in passages]):
        phrases: list[str] = []
        for j in np.lexsort((names[row.indices], -row.data)):
            phrase = str(names[row.indices[j]])
            if not any(phrase in taken or taken in phrase for taken in phrases):
                phrases.append(phrase)
            if len(phrases) == count:
                break
        chosen.append(phrases)
    return chosen
