"""The generator transformers."""

from pathlib import Path

import pytest

from engine_calls import REQUESTS, recorded_call
from listill import families
from listill.queries.engines import transformers as engine
from listill.queries.generators.transformers import Transformers

GENERATOR = Transformers(kind="transformers", model="m")


def test_facts() -> None:
    assert families.settings_class("generators", "transformers") is Transformers
    assert GENERATOR.asks_model
    assert GENERATOR.environment == "gpu"
    assert GENERATOR.gpus == 1


def test_machine_keys() -> None:
    assert {"batch"} == Transformers.machine


def test_answers_come_from_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorded_call(GENERATOR, engine, tmp_path, monkeypatch) == (GENERATOR, REQUESTS)
