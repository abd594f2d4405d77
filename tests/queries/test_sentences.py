"""Sentences and their positions."""

import itertools

import pytest

from listill.queries.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three? 4 is a digit.", ["One here.", "Two there!", "Three?", "4 is a digit."]),
        ("  Blanks at the ends.  \n", ["Blanks at the ends."]),
        ("no capital. still the same sentence", ["no capital. still the same sentence"]),
        ("A heading\n\nand a paragraph\n \nand one more", ["A heading", "and a paragraph", "and one more"]),
        ('He said "Stop." Then (quietly) left.) [See] it.', ['He said "Stop."', "Then (quietly) left.)", "[See] it."]),
        ('Version 1.2 of it. "Quoted" start.', ["Version 1.2 of it.", '"Quoted" start.']),
        ("Same. Same. Same.", ["Same.", "Same.", "Same."]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_spans_are_ordered_and_cover_all_but_white_space() -> None:
    text = 'First one.  Second, with 3.5 things. \n\n Third ends (here). "And?" Yes.'
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


def test_equal_sentences_have_different_positions() -> None:
    assert sentences("Go on. Go on. Go on.") == [(0, 6), (7, 13), (14, 20)]
