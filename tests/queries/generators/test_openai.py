"""The generator openai."""

from pathlib import Path

import pytest

from engine_calls import REQUESTS, recorded_call
from listill import families
from listill.queries.engines import openai as engine
from listill.queries.generators.openai import OpenAi

GENERATOR = OpenAi(kind="openai", model="m", base_url="http://nowhere/v1")


def test_facts() -> None:
    assert families.settings_class("generators", "openai") is OpenAi
    assert GENERATOR.asks_model
    assert GENERATOR.environment == "cpu"
    assert GENERATOR.gpus == 0


def test_machine_keys() -> None:
    assert {"base_url", "key_variable", "concurrency", "timeout", "retries"} == OpenAi.machine


def test_answers_come_from_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorded_call(GENERATOR, engine, tmp_path, monkeypatch) == (GENERATOR, REQUESTS)
