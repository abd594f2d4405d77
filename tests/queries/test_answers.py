"""Answers of a language model, and the file that stores them."""

from pathlib import Path

import pytest

from listill.queries.answers import TOO_LONG, UNUSABLE, Answer, AnswerFile, blocks, first_phrases, valid
from listill.queries.engines import vllm_server


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


@pytest.mark.parametrize("text", [None, 7, 1.5, True, ["a"], {"text": "a"}])
def test_an_answer_without_a_text_is_unusable(text: object) -> None:
    answer = valid("q", text, "stop", 7)
    assert (answer.finish_reason, answer.prompt_tokens) == (UNUSABLE, 7)
    assert "not a text" in answer.text


@pytest.mark.parametrize("odd", [None, 7, ["stop"], {"type": "stop"}, True])
def test_a_finish_reason_of_another_type_is_unknown(odd: object) -> None:
    assert valid("q", "how deep", odd) == Answer("q", "how deep", None)


@pytest.mark.parametrize("odd", [None, "7", 7.0, -7, True, [7], {"n": 7}, 10**4200, float("nan")])
def test_numbers_of_tokens_of_another_type_are_0(odd: object) -> None:
    assert valid("q", "how deep", "stop", odd, odd) == Answer("q", "how deep", "stop", 0, 0)


def test_lone_surrogates_and_control_characters_are_removed() -> None:
    answer = valid("q", "is it\x1b hot \ud83d now\x00 \U0001f600", "st\udc00op")
    assert answer == Answer("q", "is it  hot  now  \U0001f600", "stop")


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


def test_a_damaged_line_is_named_and_its_requests_are_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "answers.jsonl"
    with AnswerFile(path) as file:
        for name in "abc":
            file.add([Answer(name, f"text of {name}", "stop")])
    whole = path.read_bytes()
    start, end = whole.index(b"\n") + 1, whole.index(b"\n", whole.index(b"\n") + 1)
    for place in range(start, end):
        for bit in (0, 3, 6):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            if bytes(damaged[place : place + 1]) == b"\n":
                continue
            path.write_bytes(damaged)
            caplog.clear()
            with AnswerFile(path) as file:
                assert file.answers.get("b") in (None, Answer("b", "text of b", "stop"))
                assert {"a", "c"} <= set(file.answers) <= {"a", "b", "c"}
                assert ("b" in file.answers) != (f"{path}: line 2 is damaged" in caplog.text)


@pytest.mark.parametrize(
    "line", [b"[]", b"7", b"null", b"{}", b'{"answers": 3, "checksum": 4}', b"\xff", b"[" * 100_000]
)
def test_a_line_that_is_no_batch_is_not_read(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(line + b"\n")
    with AnswerFile(path) as file:
        file.add([Answer("a", "one", "stop")])
    with AnswerFile(path) as file:
        assert list(file.answers) == ["a"]


def test_blocks() -> None:
    assert list(blocks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]


def test_the_vllm_server_uses_the_same_finish_reason() -> None:
    assert vllm_server.TOO_LONG == TOO_LONG
