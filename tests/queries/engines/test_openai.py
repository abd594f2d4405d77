"""The client of a chat completions server, with errors of the server."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import chat_server
from chat_server import BROKEN, DROPPED, HALVED, LIMITED, SLOW, Fault
from listill.errors import UserError
from listill.queries.answers import TOO_LONG, UNUSABLE, Answer
from listill.queries.asking import with_usable
from listill.queries.engines import openai
from listill.queries.generators.openai import OpenAi
from listill.queries.requests import Request

REQUESTS = [Request(f"q{i}", f"d{i}", "question", "p", 100 + i, f"Passage:\nnumber {i}\nAnswer:") for i in range(12)]


def ask(server: chat_server.Chat, requests: list[Request] = REQUESTS, **keys: Any) -> dict[str, Answer]:
    keys = {"base_url": server.url, "concurrency": 4, "timeout": 30, "retries": 3} | keys
    settings = OpenAi(kind="openai", model="m", **keys)
    answers = [answer for batch in with_usable(openai.answers(settings, requests), False) for answer in batch]
    assert len(answers) == len({answer.query_id for answer in answers})
    return {answer.query_id: answer for answer in answers}


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Answer]:
    with chat_server.serve() as chat:
        return ask(chat)


def test_request_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with chat_server.serve() as chat:
        ask(chat, REQUESTS[:1], temperature=0.5, top_p=0.9, max_tokens=7, extra={"a": {"b": 1}, "top_p": None})
    sent = {"model": "m", "messages": REQUESTS[0].messages, "temperature": 0.5, "max_tokens": 7, "seed": 100}
    assert chat.requests == [sent | {"stop": ["\n"], "a": {"b": 1}}]
    assert chat.headers[0]["Authorization"] == "Bearer secret"


def test_without_chat_the_text_is_completed() -> None:
    with chat_server.serve(answer=chat_server.complete) as chat:
        answers = ask(chat, REQUESTS[:1], chat=False, max_tokens=7)
    sent = {"model": "m", "prompt": REQUESTS[0].text, "temperature": 0.8, "top_p": 1.0, "max_tokens": 7, "seed": 100}
    assert chat.requests == [sent | {"stop": ["\n"]}]
    assert chat.paths == ["/v1/completions"]
    assert answers == {"q0": Answer("q0", "m 100 ge:\nnumber 0\nAnswer:", "stop", 10, 4)}


def test_an_answer_of_the_other_endpoint_is_an_error() -> None:
    with chat_server.serve() as chat, pytest.raises(UserError, match=r"/v1/completions: not a completion: .*base_url"):
        ask(chat, chat=False)
    with (
        chat_server.serve(answer=chat_server.complete) as chat,
        pytest.raises(UserError, match=r"/v1/chat/completions: not a chat completion: .*base_url"),
    ):
        ask(chat)


def test_the_key_comes_from_the_configured_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not this one")
    monkeypatch.setenv("MY_KEY", "this one")
    monkeypatch.delenv("NO_KEY", raising=False)
    with chat_server.serve() as chat:
        ask(chat, REQUESTS[:1], key_variable="MY_KEY")
        ask(chat, REQUESTS[:1], key_variable="NO_KEY")
    assert chat.headers[0]["Authorization"] == "Bearer this one"
    assert "Authorization" not in chat.headers[1]


def test_answers(undisturbed: dict[str, Answer]) -> None:
    assert undisturbed["q3"] == Answer("q3", "m 103 ge:\nnumber 3\nAnswer:", "stop", 10, 4)
    assert sorted(undisturbed) == sorted(request.query_id for request in REQUESTS)


@pytest.mark.parametrize("concurrency", [1, 3, 50])
def test_concurrency_is_limited(concurrency: int, undisturbed: dict[str, Answer]) -> None:
    together = min(concurrency, len(REQUESTS))
    with chat_server.serve(delay=0.02, together=together) as chat:
        assert ask(chat, concurrency=concurrency) == undisturbed
    assert chat.most == together


@pytest.mark.parametrize("fault", [LIMITED, BROKEN, DROPPED, HALVED, SLOW, (503, {}, "busy")], ids=str)
def test_a_failed_request_is_retried(fault: Fault, undisturbed: dict[str, Answer]) -> None:
    with chat_server.serve({2: fault, 5: fault, 6: fault}) as chat:
        assert ask(chat, timeout=3 if fault == SLOW else 30) == undisturbed
    assert len(chat.requests) == len(REQUESTS) + 3


def test_retry_after_is_respected() -> None:
    with chat_server.serve({0: LIMITED}) as chat:
        ask(chat, REQUESTS[:1])
    assert chat.times[1] - chat.times[0] >= 1.0


def test_exponential_backoff() -> None:
    with chat_server.serve({0: BROKEN, 1: BROKEN, 2: BROKEN}) as chat:
        ask(chat, REQUESTS[:1])
    _, second, third = (chat.times[i + 1] - chat.times[i] for i in range(3))
    assert second >= 1.0  # the first pause is only jitter
    assert third >= 2.0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            (401, {}, "who are you"),
            "status 401: who are you; set OPENAI_API_KEY to your key; answers so far are kept",
        ),
        ((403, {}, "no"), "the key in OPENAI_API_KEY does not permit this request"),
        ((404, {}, "no model 'm'"), "status 404: no model 'm'; check base_url .* and model"),
        ((400, {}, "unknown field seed"), "status 400: unknown field seed; check model and extra"),
        (BROKEN, "status 500: internal error; failed after 1 retries"),
        (DROPPED, "no response after 1 retries: .*; check base_url and that the server is running"),
        (SLOW, "no response after 1 retries: .*timed out"),
        ((200, {}, "<html>"), "not a chat completion: '<html>'; check base_url"),
        ((200, {}, '{"choices": []}'), "not a chat completion"),
    ],
    ids=str,
)
def test_a_persistent_error_is_reported(fault: Fault, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with chat_server.serve({-1: fault}) as chat, pytest.raises(UserError, match=message) as caught:
        ask(chat, REQUESTS[:1], retries=1, timeout=1 if fault == SLOW else 30)
    assert chat.url in str(caught.value)


KEY = "sk-or/very+secret-0123456789"


@pytest.mark.parametrize("status", [401, 403, 400, 500])
@pytest.mark.parametrize(
    "echo",
    [
        f"Incorrect API key provided: {KEY}.",
        f'{{"error": "Bearer {KEY}"}}',
        "/v1?key=sk-or%2Fvery%2Bsecret-0123456789",
        '{"key": "sk-or\\/very+secret-0123456789"}',
        "x" * 290 + KEY,  # the message is cut within the key
    ],
    ids=["plain", "header", "URL", "JSON", "cut"],
)
def test_a_key_that_the_server_repeats_is_not_shown(echo: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server.serve({-1: (status, {}, echo)}) as chat, pytest.raises(UserError) as caught:
        ask(chat, REQUESTS[:1], retries=1)
    assert "secret" not in str(caught.value)
    assert "sk-or" not in str(caught.value)
    assert "OPENAI_API_KEY" in str(caught.value) or status not in (401, 403)


def test_a_key_in_a_page_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with (
        chat_server.serve({-1: (200, {}, f"<html>{KEY}")}) as chat,
        pytest.raises(UserError, match="not a chat") as caught,
    ):
        ask(chat, REQUESTS[:1])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("ending", ["\n", "\r\n", " ", "\t\n\n"], ids=repr)
def test_a_line_end_after_the_key_is_removed(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY + ending)
    with chat_server.serve() as chat:
        ask(chat, REQUESTS[:1])
    assert chat.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_gets_nothing(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server.serve() as other:
        away = (status, {"Location": f"{other.url}/chat/completions"}, "")
        with (
            chat_server.serve({-1: away}) as chat,
            pytest.raises(UserError, match=r"redirects to another host, http://127.0.0.1:\d+, .*base_url") as caught,
        ):
            ask(chat)
    assert str(caught.value).startswith(chat.url)
    assert other.requests == []


@pytest.mark.parametrize(
    "away", ["https://localhost/v1", "//example.invalid/v1", "http://user:word@example.invalid/v1"]
)
def test_other_addresses_of_a_redirect_get_nothing(away: str) -> None:
    with (
        chat_server.serve({-1: (308, {"Location": away}, "")}) as chat,
        pytest.raises(UserError, match="another host") as caught,
    ):
        ask(chat, REQUESTS[:1])
    assert "word" not in str(caught.value)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_redirect_on_the_same_host_is_followed(absolute: bool, undisturbed: dict[str, Answer]) -> None:
    with chat_server.serve() as chat:
        place = f"{chat.url if absolute else '/v1'}/chat/completions"
        chat.faults[0] = 307, {"Location": place}, ""
        assert ask(chat, concurrency=1) == undisturbed
    assert len(chat.requests) == len(REQUESTS) + 1


def test_an_unreachable_server_is_an_error() -> None:
    with chat_server.serve() as chat:
        pass
    with pytest.raises(UserError, match=r"no response after 1 retries: .*; check base_url"):
        ask(chat, REQUESTS[:2], retries=1)


def test_answers_before_and_during_an_error_are_kept() -> None:
    kept: list[Answer] = []
    with chat_server.serve({7: (400, {}, "no")}, delay=0.01) as chat:
        settings = OpenAi(kind="openai", model="m", base_url=chat.url, concurrency=4)
        with pytest.raises(UserError, match="status 400"):
            kept.extend(answer for batch in openai.answers(settings, REQUESTS) for answer in batch)
    assert 7 <= len(kept) == len(chat.requests) - 1 <= 11


@pytest.mark.parametrize(
    "text",
    [
        '{"error": {"code": "context_length_exceeded"}}',
        "This model's maximum context length is 8192 tokens",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192",
    ],
)
def test_a_prompt_that_is_too_long_does_not_affect_others(text: str, undisturbed: dict[str, Answer]) -> None:
    with chat_server.serve({4: (400, {}, text)}) as chat:
        answers = ask(chat, concurrency=1)
    assert answers.pop("q4") == Answer("q4", "", TOO_LONG)
    assert answers == {name: answer for name, answer in undisturbed.items() if name != "q4"}


def test_an_answer_without_text_or_usage() -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        return {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}

    with chat_server.serve(answer=refuse) as chat:
        assert list(ask(chat, REQUESTS[:1]).values()) == [Answer("q0", "", "content_filter")]


def answer_with(reply: Any) -> Callable[[dict[str, Any]], Any]:
    """Return a function that answers the first request with ``reply``, and all others as usual."""

    def answer(request: dict[str, Any]) -> Any:
        return reply if request["seed"] == 100 else chat_server.echo(request)

    return answer


def completion(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]} | more


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "how deep"}, {"type": "text", "text": " is it"}], "how deep is it"),
        (["how deep", " is it"], "how deep is it"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "how"}], "how"),
        ([{"type": "thinking", "text": "hm"}, {"type": "output_text", "text": "how"}], "how"),
        ([{"type": "refusal", "refusal": "no"}], ""),
        ({"type": "text", "text": "how deep"}, "how deep"),
        ([], ""),
        ([None, 7, [], {"text": 7}], ""),
        ("is it hot \ud83d now", "is it hot  now"),
    ],
)
def test_the_text_of_a_message_in_parts(content: Any, text: str) -> None:
    with chat_server.serve(answer=answer_with(completion(content))) as chat:
        assert ask(chat)["q0"] == Answer("q0", text, "stop")


@pytest.mark.parametrize(
    "reply",
    [
        *(completion(content) for content in (7, 1.5, True)),
        {"choices": []},
        {"choices": {}},
        {"choices": None},
        {"choices": [None]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": "how deep"}]},
        {"error": {"message": "overloaded"}},
        [],
        "how deep",
        None,
    ],
)
def test_a_reply_without_an_answer_does_not_affect_others(reply: Any, undisturbed: dict[str, Answer]) -> None:
    with chat_server.serve(answer=answer_with(reply)) as chat:
        answers = ask(chat, concurrency=1)
    odd = answers.pop("q0")
    assert odd.finish_reason == UNUSABLE
    assert "/v1/chat/completions: not a chat completion: " in odd.text
    assert answers == {name: answer for name, answer in undisturbed.items() if name != "q0"}


@pytest.mark.parametrize("odd", [7, "x", [1], {"a": 1}, True, 10**4000])
def test_other_fields_of_another_type_are_ignored(odd: Any) -> None:
    reply = {"choices": [{"message": {"content": "how deep"}, "finish_reason": odd if odd != "x" else None}]}
    for usage in (
        odd,
        {"prompt_tokens": [odd], "prompt_tokens_details": odd},
        {"prompt_tokens_details": {"cached_tokens": "9"}},
    ):
        with chat_server.serve(answer=answer_with(reply | {"usage": usage})) as chat:
            assert ask(chat)["q0"] == Answer("q0", "how deep", None)


def test_if_no_reply_is_an_answer_few_requests_are_sent() -> None:
    many = [replace(REQUESTS[0], query_id=f"q{i}") for i in range(100)]
    with chat_server.serve({-1: (200, {}, "<html>")}) as chat, pytest.raises(UserError, match="check base_url"):
        ask(chat, many)
    assert len(chat.requests) <= 30
