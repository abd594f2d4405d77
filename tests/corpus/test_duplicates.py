"""Documents with the same text."""

from listill.corpus.duplicates import duplicate_of
from listill.corpus.source import Document


def test_titles_are_ignored() -> None:
    texts = [("a", "One", "Same  text."), ("b", None, "other"), ("c", "Two", "SAME text."), ("d", None, "same\ntext.")]
    assert duplicate_of([Document(*text) for text in texts]) == [None, None, "a", "a"]


def test_documents_without_text_are_compared_by_title() -> None:
    texts = [("a", "One", ""), ("b", "Two", " "), ("c", "one", ""), ("d", None, "One")]
    assert duplicate_of([Document(*text) for text in texts]) == [None, None, "a", None]
