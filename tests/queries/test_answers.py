"""What a model answered, and where answers wait."""

from pathlib import Path

import pytest

from listill.queries.answers import TOO_LONG, Answer, AnswerFile, blocks, tidy
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


def test_answers_outlive_their_process(tmp_path: Path) -> None:
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
def test_a_batch_that_was_cut_off_does_not_count(tmp_path: Path, lost: int) -> None:
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


def test_the_engine_calls_a_long_prompt_by_the_same_name() -> None:
    assert vllm_server.TOO_LONG == TOO_LONG
