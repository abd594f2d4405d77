"""Which queries have almost the same words as a topic.

Two sets of words that overlap enough share a rare word: of a topic with m words, at least ``threshold`` * m are in the
query, so that not all of its m - ``threshold`` * m + 1 rarest words can be missing (prefix filtering, Chaudhuri et al.
2006, "A Primitive Operator for Similarity Joins in Data Cleaning"). A query is therefore only compared with the topics
that have one of its words among their rarest ones.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from listill.text import fold
from listill.words import terms


def overlaps(queries: Sequence[str], topics: list[str], threshold: float) -> list[bool]:
    """Return for each query whether its words have a Jaccard similarity of at least ``threshold`` with a topic."""
    overlapping = np.zeros(len(queries), dtype=bool)
    overlapping[overlapping_pairs(queries, topics, threshold)[0]] = True
    found: list[bool] = overlapping.tolist()
    return found


def overlapping_pairs(queries: Sequence[str], topics: list[str], threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of a query and a topic whose words have a Jaccard similarity of at least ``threshold`` (above 0).

    The two arrays (int [pairs]) hold positions in ``queries`` and in ``topics``, in ascending order.
    """
    topic_words = [frozenset(terms(fold(topic))) for topic in topics]
    with_rare_word = _by_rarest_words(topic_words, threshold)
    found: list[tuple[int, int]] = []
    for row, query in enumerate(queries if with_rare_word else ()):
        words = set(terms(fold(query)))
        for column in sorted({topic for word in words for topic in with_rare_word.get(word, ())}):
            topic = topic_words[column]
            common = len(words & topic)
            if common >= threshold * (len(words) + len(topic) - common):
                found.append((row, column))
    rows, columns = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return rows, columns


def _by_rarest_words(topics: list[frozenset[str]], threshold: float) -> dict[str, list[int]]:
    """Return the topics (positions) by their rarest words: as many as a query that overlaps cannot lack completely."""
    frequency = Counter(word for topic in topics for word in topic)
    found: dict[str, list[int]] = defaultdict(list)
    for position, topic in enumerate(topics):
        # Rounding must not raise the number of words that are required.
        required = max(1, math.ceil(threshold * len(topic) - 1e-6))
        rarest = sorted(topic, key=lambda word: (frequency[word], word))
        for word in rarest[: len(topic) - required + 1]:
            found[word].append(position)
    return found
