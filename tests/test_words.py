"""Words in scripts with and without blanks."""

import re
import time

import pytest

import tiny
from listill.words import count, paired, spaced, spans, terms

ENGLISH = [
    "The running dogs' don't use state-of-the-art H₂O₂ at 5 m² (e.g. in ½ of cases).",
    "naïve café Å ΔΨm β-catenin x_1 “quoted” – dash… 10,000 1️⃣ e\u0301te",
    *(row["text"] for row in tiny.tiny_documents(10)),
]


@pytest.mark.parametrize("text", ENGLISH)
def test_scripts_with_blanks_are_split_as_before(text: str) -> None:
    assert terms(text) == re.findall(r"(?u)\w+", text)
    assert [text[start:end] for start, end in spans(text)] == text.split()
    assert count(text) == len(text.split())
    assert spaced(text)
    assert not paired(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("没有面粉。", ["没有", "有面", "面粉"]),
        ("第1号火山", ["第", "1", "号火", "火山"]),
        ("iPhone15在中国", ["iPhone15", "在中", "中国"]),
        ("日本のパン屋、コーヒー", ["日本", "本の", "のパ", "パン", "ン屋", "コー", "ーヒ", "ヒー"]),
        ("화산이 폭발", ["화산", "산이", "폭발"]),
        ("ภูเขาไฟ ๑๒", ["ภูเ", "เข", "ขา", "าไ", "ไฟ", "๑๒"]),  # a vowel sign belongs to its letter
        ("ज्वालामुखी को लावा", ["ज्वालामुखी", "को", "लावा"]),
        ("مُحَمَّد في العربية", ["مُحَمَّد", "في", "العربية"]),
        ("Ήταν η λάβα", ["Ήταν", "η", "λάβα"]),
        ("ভূমিকম্প হয়", ["ভূমিকম্প", "হয়"]),
        ("", []),
        ("。！", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("没有面粉的熔岩很快就会损坏。", ["没有", "面粉", "的熔", "岩很", "快就", "会损", "坏。"]),
        ("「火山」（2023年）は熱い。", ["「火山」", "（2023", "年）", "は熱", "い。"]),
        ("ภูเขาไฟระเบิด ทุกปี", ["ภูเขา", "ไฟระ", "เบิด", "ทุกปี"]),
        ("iPhone 15 在中国 costs", ["iPhone", "15", "在中", "国", "costs"]),
        ("ဗမာစာ။ နောက်", ["ဗမာစာ။", "နောက်"]),
    ],
)
def test_pieces_as_long_as_words(text: str, pieces: list[str]) -> None:
    found = [text[start:end] for start, end in spans(text)]
    assert found == pieces
    assert count(text) == len(pieces)
    assert "".join(found) == "".join(text.split())


@pytest.mark.parametrize("unit", ["没有面粉的熔岩。", "ภูเขาไฟ", "(((「", "ज्वालामुखी ", "a" * 50, "́", "ーー々", "가나"])
def test_a_megabyte_takes_seconds(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    terms(text)
    spans(text)
    assert time.process_time() - start < 20
