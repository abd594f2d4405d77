"""Keys are read from the environment only, and no message contains one."""

from typing import Any

import pytest

from checked_config import config, fault
from listill.credentials import key_of, redacted
from listill.errors import UserError
from listill.frozen import parse
from listill.settings.config import Settings

KEY = "sk-abcdefghijklmnopqrstuvwxyz"


def generator(**keys: Any) -> dict[str, Any]:
    keys = {"kind": "openai", "model": "m", "base_url": "http://localhost:8000/v1"} | keys
    return config(generation={"generator": keys})


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY}\r\n", f"\t{KEY}"], ids=repr)
def test_blanks_around_the_key(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", key)
    assert key_of("MY_KEY") == KEY


@pytest.mark.parametrize("key", ["", "\n", " \t"], ids=repr)
def test_no_key(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", key)
    assert key_of("MY_KEY") is None
    monkeypatch.delenv("MY_KEY")
    assert key_of("MY_KEY") is None


@pytest.mark.parametrize("part", ["\n", "\r\nX-Other: ", "\t", "\x7f", "\x01", "é", "\u200b", "\u2028", "‑"], ids=repr)
def test_a_key_that_no_header_can_have(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", f"{KEY}{part}{KEY}")
    with pytest.raises(UserError, match=r"^environment variable MY_KEY: .*set MY_KEY to the key alone$") as caught:
        key_of("MY_KEY")
    assert "abcdef" not in str(caught.value)


def test_redacted() -> None:
    assert redacted("a b/c+d, b%2Fc%2Bd and b\\/c+d", "b/c+d") == "a [key], [key] and [key]"
    assert redacted("nothing", None) == "nothing"


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{KEY}@host/v1",
        f"https://{KEY}@host/v1",
        "https://:pass@host/v1",
        "https://host/v1?api_key=abc",
        "https://host/v1?",
        f"https://host/{KEY}/v1",
        "https://host/v1#abc",
        "host/v1",
        "ftp://host/v1",
        "http:///v1",
        "http://host:port/v1",
        "http://host:99999/v1",
        "http://[::1/v1",
        "http://ho st/v1",
        "http://host/v1\n",
        "",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    message = fault(generator(base_url=url))
    assert message.startswith("config.yaml: generation.generator.openai.base_url: ")
    assert not any(secret in message for secret in (KEY, "abc", "pass@"))
    assert "\n" not in message


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/v1", "https://api.mistral.ai/v1/", "http://[::1]:80/v1", "http://10.0.0.1"]
)
def test_urls_that_are_accepted(url: str) -> None:
    assert parse(Settings, generator(base_url=url), "").generation.generator.base_url == url


@pytest.mark.parametrize(
    "extra",
    [
        {"api_key": "x"},
        {"api-key": "x"},
        {"apiKey": "x"},
        {"token": "x"},
        {"access_token": "x"},
        {"password": "x"},
        {"Authorization": "x"},
        {"headers": {"X-API-Key": "x"}},
        {"list": [{"secret": "x"}]},
        {"user": KEY},
        {"a": {"b": [f"Bearer {'x' * 20}"]}},
        {"hf": "hf_abcdefghijklmnopqrst"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("kind", "field"), [("openai", "extra"), ("vllm", "engine"), ("transformers", "chat_template_kwargs")]
)
def test_fields_with_keys_are_refused(kind: str, field: str, extra: dict[str, Any]) -> None:
    block = {"kind": kind, "model": "m", field: extra} | ({"base_url": "http://host/v1"} if kind == "openai" else {})
    message = fault(config(generation={"generator": block}))
    assert message.startswith(f"config.yaml: generation.generator.{kind}.{field}: '")
    assert "environment variable" in message
    assert not any(secret in message for secret in (KEY, "xxxx", "abcdef"))


@pytest.mark.parametrize(
    "extra",
    [
        {"max_completion_tokens": 5, "tokenizer": "x", "stop_token_ids": [1]},
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"user": "me", "keywords": "a", "response_format": {"type": "text"}, "api_key": None, "seed": "sk-1"},
        {"reasoning_effort": "low", "key": ""},
    ],
    ids=str,
)
def test_other_fields_are_accepted(extra: dict[str, Any]) -> None:
    assert parse(Settings, generator(extra=extra), "").generation.generator.extra == extra


@pytest.mark.parametrize(
    "name", [KEY, "gsk_abcdefghijklmnopqrst", "MY-KEY", "", "1KEY", "$MY_KEY", "MY_KEY\n", "hf_" + "a" * 30]
)
def test_the_key_in_place_of_its_variable_is_refused(name: str) -> None:
    message = fault(generator(key_variable=name))
    assert message.startswith("config.yaml: generation.generator.openai.key_variable: it should be the name of an env")
    assert "abc" not in message


@pytest.mark.parametrize("place", ["extra", "model", "base_url"])
def test_the_key_of_the_environment_anywhere_is_refused(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "0123456789abcdef0123456789abcdef"
    monkeypatch.setenv("MY_KEY", f"{key}\n")
    values: dict[str, Any] = {"extra": {"user": [key]}, "model": f"a/{key}", "base_url": f"http://host/{key}/v1"}
    message = fault(generator(key_variable="MY_KEY", **{place: values[place]}))
    assert "it contains the key in MY_KEY" in message
    assert key not in message


def test_a_placeholder_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "local")
    parse(Settings, generator(), "")
