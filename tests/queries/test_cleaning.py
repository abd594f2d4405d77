"""Cleaning of generated queries: which are dropped, and why."""

import random

import pandas as pd
import pytest

from listill.funnel import count_reasons
from listill.queries.answers import TOO_LONG
from listill.queries.cleaning import RequestInfo, copied, longest_run, reasons
from listill.settings.generation import Cleaning


def frame(*texts: str, **columns: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"text": texts, "finish_reason": [None] * len(texts), **columns})


def test_reasons() -> None:
    queries = frame(
        "how deep is the sea",
        "",
        "   ",
        "sea",
        "one two three four five six",
        "HOW  deep is\tthe ＳＥＡ",
        "was cut off",
        "what is the boiling point",
        "another good query",
        finish_reason=[None, None, None, None, None, None, "length", "stop", "stop"],
    )
    queries.index = pd.Index(range(10, 19))
    verdict = reasons(queries, ["The boiling point, what is?"], Cleaning(max_words=5))
    assert verdict.index.equals(queries.index)
    assert verdict.tolist() == [
        "kept",
        "empty",
        "empty",
        "short",
        "long",
        "duplicate",
        "cut off",
        "topic overlap",
        "kept",
    ]


def test_a_dropped_query_does_not_make_others_duplicates() -> None:
    queries = frame("same query here", "same query here", finish_reason=["length", "stop"])
    assert reasons(queries, [], Cleaning()).tolist() == ["cut off", "kept"]


def test_limits_are_inclusive() -> None:
    queries = frame("a", "a b", "a b c", "a b c d")
    assert reasons(queries, [], Cleaning(min_words=2, max_words=3)).tolist() == ["short", "kept", "kept", "long"]


def test_nothing_to_clean() -> None:
    none = pd.DataFrame([], columns=["text", "finish_reason", "type", "split"])
    verdict = reasons(none, ["topic"], Cleaning())
    assert verdict.tolist() == []
    counted = count_reasons("queries", none, verdict)
    assert counted.columns.tolist() == ["stage", "type", "split", "reason", "queries"]
    assert counted.empty


PASSAGE = "The eel spends most of its life in rivers and lakes, yet nobody has ever seen it spawn there."


def test_errors_of_a_language_model() -> None:
    queries = frame(
        "where do eels live before they spawn",
        "The eel spends most of its life in rivers",
        "I'm sorry, but I cannot help with that",
        "one two three four five six seven",
        "one two three four five six seven",
        "rivers and lakes",
        "whatever it was",
        "",
        "Where do EELS live before they spawn",
        finish_reason=["stop", "stop", "stop", "stop", "stop", None, "content_filter", TOO_LONG, "stop"],
        type=["question", "question", "question", "title", "question", "title", "title", "title", "title"],
        doc_id=["d"] * 9,
    )
    requests = RequestInfo({"question": 12, "title": 6}, {"d": PASSAGE}, {}, {})
    assert reasons(queries, [], Cleaning(), requests).tolist() == [
        *("kept", "copied", "refusal", "long", "kept", "kept", "refusal", TOO_LONG, "long")
    ]
    assert reasons(queries, [], Cleaning(max_words=5), requests).tolist()[4] == "long"


def test_repeated_prompts() -> None:
    prompt = (
        "Write one question that the passage answers.\n\nPassage:\nIron rusts when it is left wet.\nAnswer: keep it dry"
    )
    queries = frame(
        "How do I keep iron dry?",  # Jaccard 4 / 7
        "how to keep iron pans dry",  # 5 / 6
        "Dry how to keep iron",
        "write one question that the passage answers",
        "why iron rusts when it is left wet",
        "why iron rusts when left outside in wet",
        "how to keep iron dry",
        type=["question"] * 6 + ["title"],
        doc_id=["d"] * 7,
    )
    requests = RequestInfo({}, {"d": PASSAGE}, {"question": prompt}, {"question": ["how to keep iron dry"]})
    dropped = [False, True, True, True, True, False, False]
    assert [reason == "copied prompt" for reason in reasons(queries, [], Cleaning(), requests)] == dropped
    assert reasons(queries, [], Cleaning(example_overlap=0.5), requests)[0] == "copied prompt"
    assert reasons(queries, [], Cleaning(copied=1), requests)[4] == "kept"


def test_an_answer_to_many_passages_is_generic() -> None:
    texts = [
        "what is this about",
        "What is this  about",
        "what IS this about",
        "another one",
        "another one",
        "another one",
    ]
    queries = frame(*texts, type=["question"] * 6, doc_id=["a", "b", "c", "a", "a", "b"])
    requests = RequestInfo({}, dict.fromkeys("abc", PASSAGE), {}, {})
    verdict = reasons(queries, [], Cleaning(generic=2), requests).tolist()
    assert verdict == ["generic"] * 3 + ["kept", "duplicate", "duplicate"]
    assert reasons(queries, [], Cleaning(generic=3), requests).tolist().count("duplicate") == 4
    assert "generic" not in reasons(queries, [], Cleaning(generic=2)).tolist()


def test_extracted_queries_are_not_checked_for_copies() -> None:
    queries = frame("The eel spends most of its life in rivers", type=["lead"], doc_id=["d"])
    assert reasons(queries, [], Cleaning()).tolist() == ["kept"]


@pytest.mark.parametrize(
    ("query", "share", "expected"),
    [
        ("THE EEL spends most of its life, in rivers", 1.0, True),
        ("so the eel spends most of its life", 1.0, False),
        ("so the eel spends most of its life", 0.8, True),
        ("nobody has ever seen it", 0.8, False),  # five words are too few for a copy
        ("nobody has ever seen it spawn", 0.8, True),
        ("most of its life nobody has ever seen", 0.5, True),
        ("most of its life nobody has ever seen", 0.6, False),
    ],
)
def test_copied(query: str, share: float, expected: bool) -> None:
    assert copied(query, PASSAGE, share) is expected


def test_longest_run_agrees_with_a_naive_search() -> None:
    draw = random.Random(2)
    for _ in range(200):
        left, right = (draw.choices("abcd", k=draw.randint(0, 12)) for _ in range(2))
        runs = [left[i:j] for i in range(len(left)) for j in range(i + 1, len(left) + 1)]
        common = [run for run in runs if any(right[k : k + len(run)] == run for k in range(len(right)))]
        assert longest_run(left, right) == max(map(len, common), default=0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("第1号火山的熔岩怎样改变火山口", "kept"),
        ("火山", "short"),
        ("火山熔岩的" * 6, "long"),
        ("ภูเขาไฟระเบิดได้อย่างไร", "kept"),
        ("ไฟ", "short"),
        ("日本のパンはどう焼く", "kept"),
    ],
)
def test_words_are_counted_in_scripts_without_blanks(text: str, reason: str) -> None:
    assert reasons(frame(text), [], Cleaning(max_words=10)).tolist() == [reason]


def test_copies_are_found_in_scripts_without_blanks() -> None:
    passage = "没有面粉的熔岩很快就会损坏。每个火山都需要熔岩以及新的火山口。"
    assert copied("每个火山都需要熔岩以及新的火山口", passage, 0.8)
    assert not copied("为什么火山总是需要新的熔岩和火山口", passage, 0.8)
    assert not copied("新的火山口", passage, 0.8)  # too short for a copy
