"""A stand-in for a language model's engine, which records how a generator calls it."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from listill.queries.answers import Answer
from listill.queries.generator import LanguageModel
from listill.queries.requests import Request

REQUESTS = [Request("q", "d", "claim", "p", 1, "text")]
DETAILS = {"stage": "ask"}


def recorded_call(generator: LanguageModel, engine: ModuleType, work: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a generator answer REQUESTS with DETAILS in the folder ``work``; return the arguments that its engine gets."""
    calls: list[Any] = []

    def answers(*arguments: Any) -> Iterator[list[Answer]]:
        calls.append(arguments)
        yield [Answer("q", "x", "stop")]

    monkeypatch.setattr(engine, "answers", answers)
    assert list(generator.answers(REQUESTS, work, DETAILS)) == [[Answer("q", "x", "stop")]]
    (call,) = calls
    return call
