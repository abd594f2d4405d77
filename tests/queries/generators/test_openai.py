"""The generator openai."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listill import families
from listill.queries.answers import Answer
from listill.queries.engines import openai as engine
from listill.queries.generators.openai import OpenAi
from listill.queries.requests import Request

GENERATOR = OpenAi(kind="openai", model="m", base_url="http://nowhere/v1")


def test_facts() -> None:
    assert families.settings_class("generators", "openai") is OpenAi
    assert GENERATOR.asks_model
    assert GENERATOR.environment == "cpu"
    assert GENERATOR.gpus == 0


def test_machine_keys() -> None:
    assert {"base_url", "key_variable", "concurrency", "timeout", "retries"} == OpenAi.machine


def test_answers_come_from_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def answers(*arguments: Any) -> Iterator[list[Answer]]:
        calls.append(arguments)
        yield [Answer("q", "x", "stop")]

    monkeypatch.setattr(engine, "answers", answers)
    requests, details = [Request("q", "d", "claim", "p", 1, "text")], {"stage": "ask"}
    assert list(GENERATOR.answers(requests, tmp_path, details)) == [[Answer("q", "x", "stop")]]
    assert calls == [(GENERATOR, requests)]
