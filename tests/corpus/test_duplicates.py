"""Documents with the same text."""

import pytest

from listill.corpus.documents import Documents
from listill.corpus.duplicates import first_with_same_text
from listill.corpus.source import Document
from listill.strings import BLOCK


def first(texts: list[tuple[str, str | None, str]]) -> list[int]:
    positions: list[int] = first_with_same_text(Documents.of(Document(*text) for text in texts)).tolist()
    return positions


def test_titles_are_ignored() -> None:
    texts = [("a", "One", "Same  text."), ("b", None, "other"), ("c", "Two", "SAME text."), ("d", None, "same\ntext.")]
    assert first(texts) == [0, 1, 0, 0]


def test_documents_without_text_are_compared_by_title() -> None:
    assert first([("a", "One", ""), ("b", "Two", " "), ("c", "one", ""), ("d", None, "One")]) == [0, 1, 0, 3]


@pytest.mark.parametrize("count", [0, 1, BLOCK + 3])
def test_the_first_of_many(count: int) -> None:
    assert first([(f"d{i}", None, f"text {i % 1000}") for i in range(count)]) == [i % 1000 for i in range(count)]
