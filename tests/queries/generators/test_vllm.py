"""The generator vllm."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listill import families
from listill.queries.answers import Answer
from listill.queries.engines import vllm as engine
from listill.queries.generators.vllm import Vllm
from listill.queries.requests import Request

GENERATOR = Vllm(kind="vllm", model="m")


def test_facts() -> None:
    assert families.settings_class("generators", "vllm") is Vllm
    assert GENERATOR.asks_model
    assert GENERATOR.environment == "vllm"
    assert GENERATOR.gpus == 1


def test_machine_keys() -> None:
    assert {"python", "gpu_memory_utilization", "max_model_len", "save_every"} == Vllm.machine


def test_answers_come_from_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def answers(*arguments: Any) -> Iterator[list[Answer]]:
        calls.append(arguments)
        yield [Answer("q", "x", "stop")]

    monkeypatch.setattr(engine, "answers", answers)
    requests, details = [Request("q", "d", "claim", "p", 1, "text")], {"stage": "ask"}
    assert list(GENERATOR.answers(requests, tmp_path, details)) == [[Answer("q", "x", "stop")]]
    assert calls == [(GENERATOR, requests, tmp_path, details)]
