from listill.corpus.duplicates import duplicate_of, fold
from listill.corpus.source import Document


def test_fold() -> None:
    assert fold("  Ｆull\u00a0WIDTH\n\tﬁne Straße ") == "full width fine strasse"
    assert fold("version 1.2") != fold("version 1.3")


def test_groups_by_text_whatever_the_title() -> None:
    texts = [("a", "One", "Same  text."), ("b", None, "other"), ("c", "Two", "SAME text."), ("d", None, "same\ntext.")]
    assert duplicate_of([Document(*text) for text in texts]) == [None, None, "a", "a"]


def test_documents_without_text_are_compared_by_title() -> None:
    texts = [("a", "One", ""), ("b", "Two", " "), ("c", "one", ""), ("d", None, "One")]
    assert duplicate_of([Document(*text) for text in texts]) == [None, None, "a", None]
