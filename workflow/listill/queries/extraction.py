"""Extract queries from passages: titles, key phrases, sentences and spans of words (see ``generators/extractive.py``)."""

import random
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

import pandas as pd
import pyarrow as pa

from listill.corpus.collection import Collection
from listill.queries.generators.extractive import Extractive
from listill.queries.sentences import sentences
from listill.strings import BLOCK
from listill.words import spans

# A sentence is only used if at least this many words of the passage remain without it.
LEFT_WORDS = 8
SENTENCE_WORDS = (4, 40)
STRING = pa.large_string()

# The text of a query, and the start and end of the characters in the passage's text that it was taken from.
Extract = tuple[str, int | None, int | None]


@dataclass
class Passage:
    """The input of an extractor. What is derived from the text is computed once for all queries of the passage."""

    title: str
    text: str
    phrases: list[str]
    settings: Extractive

    @cached_property
    def words(self) -> list[tuple[int, int]]:
        """The (start, end) of each word."""
        return spans(self.text)

    @cached_property
    def _word_starts(self) -> list[int]:
        return [start for start, _ in self.words]

    def words_in(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the words between two positions."""
        return self.words[bisect_left(self._word_starts, start) : bisect_left(self._word_starts, end)]

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """The sentences that are neither too short nor too long, and leave enough words of the passage."""
        low, high = SENTENCE_WORDS
        longest = min(high, len(self.words) - LEFT_WORDS)
        return [span for span in sentences(self.text) if low <= len(self.words_in(*span)) <= longest]

    def begins_with(self, span: tuple[int, int]) -> bool:
        """Return whether nothing but blanks stands before the span."""
        return span[0] == self.words[0][0]


def frame(rows: Iterator[tuple]) -> pd.DataFrame:
    """Return the queries of ``extracts`` as a table; only a block of them are held as Python objects at a time."""
    types = {
        "query_id": STRING,
        "text": STRING,
        "type": STRING,
        "doc_id": STRING,
        "start": pa.int32(),
        "end": pa.int32(),
    }
    schema = pa.schema(list(types.items()))
    blocks = []
    while block := list(islice(rows, BLOCK)):
        columns = zip(schema, zip(*block, strict=True), strict=True)
        blocks.append(pa.record_batch([pa.array(column, field.type) for field, column in columns], schema))
    return pa.Table.from_batches(blocks, schema).to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)


def extracts(settings: Extractive, collection: Collection, passages: list[int], seed: int) -> Iterator[tuple]:
    """Yield the queries of the given passages: query_id, text, type, doc_id, start, end."""
    needs_phrases = "keyphrases" in settings.types and bool(passages)
    phrases: Iterable[list[str]] = [[]] * len(passages)
    if needs_phrases:
        from listill.queries.key_phrases import key_phrases  # scikit-learn takes seconds to import

        phrases = key_phrases(collection, passages, settings.phrases)
    for i, passage_phrases in zip(passages, phrases, strict=True):
        doc_id = collection.doc_ids[i]
        passage = Passage(collection.titles[i], collection.texts[i], passage_phrases, settings)
        for query_type, count in settings.types.items():
            seen = set()
            for n in range(count):
                rng = random.Random(f"{seed}:{doc_id}:{query_type}:{n}")
                extract = EXTRACTORS[query_type](passage, rng)
                if extract is None or extract[0] in seen:
                    break
                seen.add(extract[0])
                yield f"{doc_id}:{query_type}:{n}", extract[0], query_type, doc_id, *extract[1:]


def _with_dropout(passage: Passage, rng: random.Random, start: int, end: int) -> Extract:
    """Return the words of a span without those that are dropped, with a blank where blanks stood between them."""
    words = passage.words_in(start, end)
    kept = [word for word in words if rng.random() >= passage.settings.dropout] or words
    query = passage.text[slice(*kept[0])]
    for (_, before), (first, last) in pairwise(kept):
        blank = " " * any(map(str.isspace, passage.text[before:first]))
        query += blank + passage.text[first:last]
    return query, start, end


def title(passage: Passage, rng: random.Random) -> Extract | None:
    """Return the title."""
    return (passage.title, None, None) if passage.title else None


def keyphrases(passage: Passage, rng: random.Random) -> Extract | None:
    """Return the key phrases of the passage in random order."""
    phrases = list(passage.phrases)
    rng.shuffle(phrases)
    return (" ".join(phrases), None, None) if phrases else None


def lead(passage: Passage, rng: random.Random) -> Extract | None:
    """Return the first sentence."""
    first = [span for span in passage.sentences[:1] if passage.begins_with(span)]
    return _with_dropout(passage, rng, *first[0]) if first else None


def cloze(passage: Passage, rng: random.Random) -> Extract | None:
    """Return a random sentence other than the first."""
    rest = [span for span in passage.sentences if not passage.begins_with(span)]
    return _with_dropout(passage, rng, *rng.choice(rest)) if rest else None


def crop(passage: Passage, rng: random.Random) -> Extract | None:
    """Return a random span of words."""
    low, high = passage.settings.crop_words
    length = rng.randint(low, max(low, high))
    if len(passage.words) < length + LEFT_WORDS:
        return None
    first = rng.randrange(len(passage.words) - length + 1)
    return _with_dropout(passage, rng, passage.words[first][0], passage.words[first + length - 1][1])


EXTRACTORS: dict[str, Callable[[Passage, random.Random], Extract | None]] = {
    "title": title,
    "keyphrases": keyphrases,
    "lead": lead,
    "cloze": cloze,
    "crop": crop,
}
