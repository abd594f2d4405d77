"""Answers of a language model, and the file that stores them."""

from pathlib import Path

import pytest

from listill.queries.answers import TOO_LONG, Answer, AnswerFile, blocks, first_phrases, tidy
from listill.queries.engines import vllm_server


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("how deep is it", "how deep is it"),
        ("  how deep is it \nA note.", "how deep is it"),
        ("\n\nhow deep is it", "how deep is it"),
        ('"How deep is it?"', "How deep is it?"),
        ("“How deep?”", "How deep?"),
        ('"deep" and "wide"', '"deep" and "wide"'),
        ("the sea's depth'", "the sea's depth'"),
        ("Answer: how deep is it", "how deep is it"),
        ('Answer: "how deep is it"', "how deep is it"),
        ("**How Deep Is It**", "How Deep Is It"),
        ('"', '"'),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_tidy(text: str, query: str) -> None:
    assert tidy(text) == query


@pytest.mark.parametrize(
    ("text", "reason", "shortened"),
    [
        ("a b, c, d", "stop", None),
        (" a b, c, d e, f", "stop", "a b, c, d e"),
        ("a b, c, A  B, c, c", "stop", "a b, c"),
        ("a b, c, a b, c, c", "length", "a b, c"),
        ("a b, c, d, e", "length", None),  # the fourth phrase is incomplete, and whether the list ends is unknown
        ("a b, c, d, e, f", "length", "a b, c, d"),
        ("a b", "length", None),
        ("", "stop", ""),
    ],
)
def test_first_phrases(text: str, reason: str, shortened: str | None) -> None:
    answer = Answer("q", text, reason, 7)
    expected = answer if shortened is None else Answer("q", shortened, "stop", 7)
    assert first_phrases(answer, 3) == expected


@pytest.mark.parametrize("reason", [TOO_LONG, "content_filter"])
def test_a_list_that_the_model_did_not_write_keeps_its_reason(reason: str) -> None:
    answer = Answer("q", "", reason, 7)
    assert first_phrases(answer, 3) == answer


def test_answers_survive_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    first, second = Answer("a", "line\u2028one\r\n", "stop", 9, 4), Answer("b", "é", "length")
    with AnswerFile(path) as file:
        file.add([first])
        file.add([second])
    with AnswerFile(path) as file:
        assert file.answers == {"a": first, "b": second}
        file.add([Answer("c", "x", None)])
    with AnswerFile(path) as file:
        assert list(file.answers) == ["a", "b", "c"]


@pytest.mark.parametrize("lost", range(1, 60))
def test_an_incomplete_batch_is_discarded(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "answers.jsonl"
    with AnswerFile(path) as file:
        file.add([Answer("a", "one", "stop"), Answer("b", "two", "stop")])
        file.add([Answer("c", "three", "stop")])
    path.write_bytes(path.read_bytes()[:-lost])
    with AnswerFile(path) as file:
        assert list(file.answers) == ["a", "b"]
        file.add([Answer("c", "again", "stop")])
    with AnswerFile(path) as file:
        assert [answer.text for answer in file.answers.values()] == ["one", "two", "again"]


def test_blocks() -> None:
    assert list(blocks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]


def test_the_vllm_server_uses_the_same_finish_reason() -> None:
    assert vllm_server.TOO_LONG == TOO_LONG
