"""Cleaning of generated queries: which queries are dropped, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.queries.answers import TOO_LONG, UNUSABLE
from listill.queries.overlap import overlaps
from listill.queries.refusal import is_refusal
from listill.settings.generation import Cleaning
from listill.strings import Strings
from listill.text import fold
from listill.words import count, paired, terms

# A query with fewer words, such as a name or a term, may well occur in its passage.
COPY_WORDS = 6


@dataclass(frozen=True)
class RequestInfo:
    """Facts about the requests to a language model, which its answers are checked against."""

    max_words: Mapping[str, int]  # by query type
    passages: Mapping[str, str]  # text by doc_id
    prompts: Mapping[str, str]  # by query type: the prompt up to the passage
    examples: Mapping[str, list[str]]  # by query type: the queries of the examples


def longest_run(query: list[str], passage: list[str]) -> int:
    """Return the length of the longest sequence of words that the two have in common."""
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
    """Return whether one sequence of words from the passage makes up at least ``share`` of the query."""
    query_terms = terms(fold(query))
    # In scripts whose terms are pairs of characters, a word has about two of them.
    if len(query_terms) < COPY_WORDS * (2 if paired(query) else 1):
        return False
    return longest_run(query_terms, terms(fold(passage))) >= share * len(query_terms)


def repeat_prompt(queries: pd.DataFrame, settings: Cleaning, requests: RequestInfo) -> pd.Series:
    """Return for each query whether it is copied from the instruction and examples, or nearly an example's query."""
    result = pd.Series(False, index=queries.index)
    for name, of_type in queries.groupby("type"):
        texts = of_type["text"].tolist()
        near = overlaps(texts, requests.examples.get(name, []), settings.example_overlap)
        copies = [copied(text, requests.prompts.get(name, ""), settings.copied) for text in texts]
        result[of_type.index] = np.logical_or(near, copies)
    return result


def generic(queries: pd.DataFrame, most: int) -> pd.Series:
    """Return for each query whether more than ``most`` passages got the same query."""
    folded = queries["text"].map(fold)
    return queries["doc_id"].groupby(folded).transform("nunique") > most


def reasons(
    queries: pd.DataFrame, topics: list[str], settings: Cleaning, requests: RequestInfo | None = None
) -> pd.Series:
    """Return for each query the reason why it is dropped, or ``kept``.

    ``queries`` has the columns text and finish_reason. ``topics`` are the human dev and test topics, which must not
    leak into training. Queries from a language model need ``requests`` and the columns type and doc_id; they are also
    checked for refusals, for copies of their passage and prompt, for the word limit of their type, and for answers that
    the model gives to many passages.
    """
    texts = Strings.of(queries["text"])  # the loops below hold a block of them as Python strings
    lengths = pd.Series(np.fromiter(map(count, texts), np.int64, len(texts)), queries.index)
    limits = pd.Series(settings.max_words, index=queries.index)
    if requests:
        limits = limits.clip(upper=queries["type"].map(requests.max_words).fillna(settings.max_words))
    verdict = pd.Series("kept", index=queries.index, dtype=object)
    checks = {
        TOO_LONG: queries["finish_reason"] == TOO_LONG,
        UNUSABLE: queries["finish_reason"] == UNUSABLE,
        "refusal": queries["finish_reason"] == "content_filter",
        "empty": lengths == 0,
        "cut off": queries["finish_reason"] == "length",
    }
    if requests:
        checks["refusal"] |= pd.Series([is_refusal(fold(text)) for text in texts], queries.index)
        pairs = zip(texts, queries["doc_id"], strict=True)
        copies = [copied(text, requests.passages[doc_id], settings.copied) for text, doc_id in pairs]
        checks["copied"] = pd.Series(copies, queries.index)
        checks["copied prompt"] = repeat_prompt(queries, settings, requests)
    checks |= {
        "short": lengths < settings.min_words,
        "long": lengths > limits,
        "topic overlap": pd.Series(overlaps(texts, topics, settings.topic_overlap), queries.index),
    }
    if requests:
        checks["generic"] = generic(queries, settings.generic)
    for reason, applies in checks.items():
        verdict[applies.fillna(False).astype(bool) & (verdict == "kept")] = reason
    kept = np.flatnonzero(verdict == "kept")
    folded = Strings.of(map(fold, texts.take(kept)))
    verdict.iloc[kept[folded.repeated()]] = "duplicate"
    return verdict
