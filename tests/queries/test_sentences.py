"""Sentences and their positions."""

import itertools
import re
import time

import pytest

import tiny
from listill.queries.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three? 4 is a digit.", ["One here.", "Two there!", "Three?", "4 is a digit."]),
        ("  Blanks at the ends.  \n", ["Blanks at the ends."]),
        ("With e.g. a capital. still the same sentence", ["With e.g. a capital. still the same sentence"]),
        ("no capital. so (why not) split? yes", ["no capital.", "so (why not) split?", "yes"]),
        ("no capitals, but DNA. so split it", ["no capitals, but DNA.", "so split it"]),
        ("A heading\n\nand a paragraph\n \nand one more", ["A heading", "and a paragraph", "and one more"]),
        ('He said "Stop." Then (quietly) left.) [See] it.', ['He said "Stop."', "Then (quietly) left.)", "[See] it."]),
        ('Version 1.2 of it. "Quoted" start.', ["Version 1.2 of it.", '"Quoted" start.']),
        ("« Oui. » Également non. À voir. Élan !", ["« Oui. »", "Également non.", "À voir.", "Élan !"]),
        ("Ja. „Nein.“ Öfter. Über", ["Ja.", "„Nein.“", "Öfter.", "Über"]),
        ("Sí. ¿Cómo? ¡Así! Ñandú.", ["Sí.", "¿Cómo?", "¡Así!", "Ñandú."]),
        ("Каждый раз. Это так! Ёлка.", ["Каждый раз.", "Это так!", "Ёлка."]),
        ("Κάθε φορά. Ένα. Ώρα;", ["Κάθε φορά.", "Ένα.", "Ώρα;"]),
        ("हर बार। एक और॥ तीन", ["हर बार।", "एक और॥", "तीन"]),
        ("هذا هو. ما هذا؟ نعم", ["هذا هو.", "ما هذا؟", "نعم"]),
        ("یہ ہے۔ کیا؟ ہاں", ["یہ ہے۔", "کیا؟", "ہاں"]),
        ("זה כאן. ומה? כן.", ["זה כאן.", "ומה?", "כן."]),
        ("火山很热。“真的吗？！”是的。", ["火山很热。", "“真的吗？！”", "是的。"]),
        ("熱い。そう（はい。）です！", ["熱い。", "そう（はい。）", "です！"]),
        ("그렇다. 아니다? 예.", ["그렇다.", "아니다?", "예."]),
        ("ภูเขาไฟร้อน ขนมปังเก่า", ["ภูเขาไฟร้อน", "ขนมปังเก่า"]),
        ("እሳት። ውሃ።", ["እሳት።", "ውሃ።"]),
        ("He left (3.5 days). “Why?” asked e.g. she.", ["He left (3.5 days). “Why?” asked e.g. she."]),
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


@pytest.mark.parametrize("text", [row["text"] for row in tiny.tiny_documents(40)])
def test_english_is_split_as_before(text: str) -> None:
    """By the rule of the first version, which knew ASCII capitals only."""
    ends = re.finditer(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n\s*\n", text)
    edges = [0, *(match.end() for match in ends), len(text)]
    expected = [text[start:end].strip() for start, end in itertools.pairwise(edges)]
    assert [text[start:end] for start, end in sentences(text)] == [part for part in expected if part]


@pytest.mark.parametrize("unit", ["Same. ", "same. ", ". ", "。", "\n", " ", "a", '."', "ก ", "“", "...", "( "])
def test_a_megabyte_takes_seconds(unit: str) -> None:
    start = time.process_time()
    sentences(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 20
