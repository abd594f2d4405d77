import random

import pytest

from listill.headroom.near_duplicates import near_duplicates

WORDS = [f"word{n}" for n in range(2000)]


def text(seed: int, words: int = 200) -> list[str]:
    return random.Random(seed).sample(WORDS, words)


def jaccard(one: list[str], other: list[str]) -> float:
    """The similarity itself, of sets of word trigrams."""
    sets = [{tuple(words[i : i + 3]) for i in range(len(words) - 2)} for words in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@pytest.mark.parametrize(("changed", "found"), [(1, True), (5, True), (40, False), (200, False)])
def test_against_the_exact_similarity(changed: int, found: bool) -> None:
    one, other = text(0), text(0)
    for place in range(changed):
        other[place * 200 // changed] = f"new{place}"
    assert (jaccard(one, other) > 0.8) == found
    pairs = near_duplicates([" ".join(text(7)), " ".join(one), " ".join(other)])
    assert pairs == ([(2, 1)] if found else [])


def test_case_and_spaces_do_not_count_and_short_texts_are_left_out() -> None:
    assert near_duplicates(["A b  c d", "a B c\nd", "a b", "a b", ""]) == [(1, 0)]


def test_each_document_is_named_once() -> None:
    assert near_duplicates(["a b c d"] * 3) == [(1, 0), (2, 0)]
