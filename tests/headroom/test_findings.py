from dataclasses import replace
from typing import Any

import pytest

from listill.headroom.findings import Findings, Gate, reasons, verdict

GOOD = Gate(teacher=0.7, student=0.6, best="small", low=0.05, high=0.15, queries=100, described="100 topics")
FOUND = Findings(
    documents=1000,
    sampled=500,
    topics={"train": 200, "dev": 50, "test": 200},
    gate=GOOD,
    left_out="",
    synthetic=200,
    top=20,
    found=0.9,
    first=0.6,
    nearest=0.7,
    duplicates=0,
    compared=1000,
    copies=10,
    example="a of b",
    cut={"small": 0.3},
    tokens_cut={"small": 0.2},
    lists=500,
)


def test_a_corpus_with_headroom() -> None:
    given = reasons(FOUND)
    assert verdict(given).startswith("YES")
    assert [reason.level for reason in given] == ["for", "note", "note", "note", "note"]
    assert given[0].text.startswith("the teacher is better than the student: nDCG@10 0.700 against 0.600 of small")
    texts = " ".join(reason.text for reason in given)
    assert "small reads 80% of all tokens; 30% of the documents are cut" in texts
    assert "10 of 1000 documents nearly repeat an earlier one" in texts


def test_a_sample_has_only_a_part_of_the_copies() -> None:
    def said(**changed: int) -> str:
        return " ".join(reason.text for reason in reasons(replace(FOUND, **changed)))

    assert "10 of 400 documents nearly repeat an earlier one of them (a sample, which" in said(compared=400)
    # The others are exact duplicates: all documents were compared.
    assert "(a sample" not in said(compared=400, duplicates=600)


GATES = [
    ({"teacher": 0.5, "low": -0.15, "high": -0.05}, "NO", "choose a stronger teacher"),
    ({"teacher": 0.6, "low": -0.05, "high": 0.05}, "NO", "no better than the student"),
    ({"student": 0.96, "teacher": 0.99, "low": 0.01, "high": 0.05}, "NO", "answers nearly every query already"),
    ({"teacher": 0.61, "low": -0.03, "high": 0.05}, "UNCLEAR", "too few queries tell"),
    ({"queries": 10}, "UNCLEAR", "too few queries tell"),
    ({"teacher": 0.59, "low": -0.2, "high": 0.2, "queries": 10}, "UNCLEAR", "more dev topics would"),
]


@pytest.mark.parametrize(("changed", "word", "said"), GATES)
def test_the_gate_decides(changed: dict[str, Any], word: str, said: str) -> None:
    given = reasons(replace(FOUND, gate=replace(GOOD, **changed)))
    assert verdict(given).startswith(word)
    assert said in given[0].text


OTHERS: list[tuple[dict[str, Any], str, str]] = [
    ({"gate": None}, "UNCLEAR", "were not compared"),
    ({"gate": None, "left_out": "mine (no scores)"}, "UNCLEAR", "no other teacher is left"),
    ({"left_out": "mine (no scores)"}, "YES", "teachers left out of the comparison: mine (no scores)"),
    ({"lists": 50}, "NOT YET", "about 50 training lists are too few"),
    ({"found": 0.3}, "NOT YET", "of 200 synthetic queries, 30% find their passage among the first 20"),
    ({"first": 0.99}, "YES", "too easy to teach much"),
    ({"synthetic": 0}, "YES", "small reads"),
    ({"topics": {}}, "YES", "no human test topics"),
    ({"topics": {"test": 12}}, "YES", "12 human test topics show large differences only"),
    ({"tokens_cut": {"small": 0.6}}, "YES", "split them into passages"),
    ({"copies": 150}, "YES", "such as a of b"),
    ({"copies": 400}, "NOT YET", "several right answers"),
    ({"nearest": 0.95}, "YES", "hard to tell"),
]


@pytest.mark.parametrize(("changed", "word", "said"), OTHERS)
def test_other_reasons(changed: dict[str, Any], word: str, said: str) -> None:
    given = reasons(replace(FOUND, **changed))
    assert verdict(given).startswith(word)
    assert any(said in reason.text for reason in given)
