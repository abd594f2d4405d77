"""Suggestions in messages."""

from listill.errors import nearest


def test_the_most_similar_word_is_suggested() -> None:
    assert nearest("epoch", ["epochs", "batch"]) == " (did you mean 'epochs'?)"


def test_nothing_similar_suggests_nothing() -> None:
    assert nearest("zzz", ["epochs", "batch"]) == ""
    assert nearest("zzz", []) == ""
