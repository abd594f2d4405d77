"""What is dropped from the generated queries, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from listill.queries.answers import TOO_LONG
from listill.queries.refusal import is_refusal
from listill.settings.generation import Cleaning
from listill.text import fold

BLOCK = 10_000
# A shorter query may well stand in its passage: a name, a term.
COPY_WORDS = 6
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Asked:
    """What is known of queries that a language model was asked for."""

    words: Mapping[str, int]  # longest query, by type
    passages: Mapping[str, str]  # text by doc_id


def overlaps(queries: list[str], topics: list[str], threshold: float) -> list[bool]:
    """Tell for each query whether its set of words has a Jaccard similarity of at least ``threshold`` with a topic."""
    if not topics or not queries:
        return [False] * len(queries)
    counter = CountVectorizer(binary=True, token_pattern=r"(?u)\b\w+\b", lowercase=False)
    try:
        right = counter.fit_transform([fold(topic) for topic in topics])
    except ValueError:  # no topic has a word
        return [False] * len(queries)
    sizes = np.asarray(right.sum(axis=1)).ravel()
    words = counter.build_analyzer()
    found: list[bool] = []
    for start in range(0, len(queries), BLOCK):
        block = [fold(query) for query in queries[start : start + BLOCK]]
        # Words that no topic has count for the union, though not for the vocabulary.
        lengths = [len(set(words(query))) for query in block]
        common = (counter.transform(block) @ right.T).tocoo()
        hit = [False] * len(block)
        for row, column, shared in zip(common.row, common.col, common.data, strict=True):
            if shared >= threshold * (lengths[row] + sizes[column] - shared):
                hit[row] = True
        found.extend(hit)
    return found


def longest_run(query: list[str], passage: list[str]) -> int:
    """Return how many words in a row, at most, the two have in common."""
    best = 0
    previous: dict[int, int] = {}
    places: dict[str, list[int]] = {}
    for place, word in enumerate(passage):
        places.setdefault(word, []).append(place)
    for word in query:
        previous = {place: previous.get(place - 1, 0) + 1 for place in places.get(word, [])}
        best = max(best, max(previous.values(), default=0))
    return best


def copied(query: str, passage: str, share: float) -> bool:
    """Tell whether one run of words from the passage makes up at least ``share`` of the query."""
    asked = WORD.findall(fold(query))
    return len(asked) >= COPY_WORDS and longest_run(asked, WORD.findall(fold(passage))) >= share * len(asked)


def reasons(queries: pd.DataFrame, topics: list[str], settings: Cleaning, asked: Asked | None = None) -> pd.Series:
    """Return for each query why it is dropped, or ``kept``.

    ``queries`` has text and finish_reason; ``topics`` are the human dev and test topics, which must not leak into
    training. Queries that a language model was ``asked`` for have type and doc_id, and more can be wrong with them.
    """
    lengths = queries["text"].str.split().str.len()
    limits = pd.Series(settings.max_words, index=queries.index)
    if asked:
        limits = limits.clip(upper=queries["type"].map(asked.words).fillna(settings.max_words))
    verdict = pd.Series("kept", index=queries.index, dtype=object)
    checks = {
        TOO_LONG: queries["finish_reason"] == TOO_LONG,
        "refusal": queries["finish_reason"] == "content_filter",
        "empty": lengths == 0,
        "cut off": queries["finish_reason"] == "length",
    }
    if asked:
        checks["refusal"] |= pd.Series([is_refusal(fold(text)) for text in queries["text"]], queries.index)
        pairs = zip(queries["text"], queries["doc_id"], strict=True)
        hit = [copied(text, asked.passages[doc_id], settings.copied) for text, doc_id in pairs]
        checks["copied"] = pd.Series(hit, queries.index)
    checks |= {
        "short": lengths < settings.min_words,
        "long": lengths > limits,
        "topic overlap": pd.Series(overlaps(queries["text"].tolist(), topics, settings.topic_overlap), queries.index),
    }
    for reason, hit in checks.items():
        verdict[hit.fillna(False).astype(bool) & (verdict == "kept")] = reason
    kept = verdict == "kept"
    folded = queries.loc[kept, "text"].map(fold)
    verdict.loc[folded.index[folded.duplicated()]] = "duplicate"
    return verdict
