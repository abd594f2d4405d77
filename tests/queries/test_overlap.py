"""Queries that have almost the same words as a topic."""

import random

import pytest

from listill.queries.overlap import overlapping_pairs, overlaps


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75, 1.0])
def test_overlap_is_the_jaccard_similarity_of_words(threshold: float) -> None:
    draw = random.Random(1)
    vocabulary = ["Sea", "wave", "tide", "ship", "x", "42", "naïve"]
    texts = [" ".join(draw.choices(vocabulary, k=draw.randint(1, 6))) for _ in range(200)]
    topics, queries = texts[:40], [*texts[40:], "unheard words only", "sea wave unheard"]

    def words(text: str) -> set[str]:
        return set(text.casefold().split())

    expected = [any(len(words(q) & words(t)) / len(words(q) | words(t)) >= threshold for t in topics) for q in queries]
    assert 0 < sum(expected) < len(expected)
    assert overlaps(queries, topics, threshold) == expected


def test_the_pairs_of_queries_and_topics_that_overlap() -> None:
    queries, topics = ["red fox", "tea", "fox red", "sky"], ["the red fox", "green tea", "tea"]
    rows, columns = overlapping_pairs(queries, topics, 0.5)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (1, 1), (1, 2), (2, 0)]
    assert len(overlapping_pairs(queries, ["??"], 0.5)[0]) == 0


@pytest.mark.parametrize("threshold", [0.1, 0.25, 0.7, 0.8, 0.9])
def test_no_pair_is_missed(threshold: float) -> None:
    """Every query is compared with every topic; sizes and thresholds for which products are rounded are among them."""
    draw = random.Random(2)
    topics = [draw.sample("abcdefghijklmnopqrst", draw.randint(1, 20)) for _ in range(60)]
    queries = [draw.sample("abcdefghijklmnopqrstuvwx", draw.randint(1, 20)) for _ in range(200)]
    queries += [topic[: -len(topic) // 5 or None] for topic in topics] + [[*topic, "z"] for topic in topics]
    expected = [
        (row, column)
        for row, query in enumerate(queries)
        for column, topic in enumerate(topics)
        if (common := len({*query} & {*topic})) and common >= threshold * len({*query} | {*topic})
    ]
    found = overlapping_pairs([" ".join(query) for query in queries], [" ".join(topic) for topic in topics], threshold)
    assert list(zip(*(positions.tolist() for positions in found), strict=True)) == expected
    assert 0 < len(expected) < len(queries) * len(topics)


def test_no_topics_overlap_nothing() -> None:
    assert overlaps(["a b"], [], 0.1) == [False]


@pytest.mark.parametrize("topics", [["?"], ["...", "!!"]])
def test_topics_without_words_overlap_nothing(topics: list[str]) -> None:
    assert overlaps(["a b", "??"], topics, 0.5) == [False, False]


def test_scripts_without_blanks() -> None:
    assert overlaps(["熔岩怎样改变火山口的形状", "面包怎样烤才好吃"], ["熔岩怎样改变火山口的形状？"], 0.9) == [
        True,
        False,
    ]
