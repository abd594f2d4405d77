"""The generator vllm."""

from pathlib import Path

import pytest

from engine_calls import DETAILS, REQUESTS, recorded_call
from listill import families
from listill.queries.engines import vllm as engine
from listill.queries.generators.vllm import Vllm

GENERATOR = Vllm(kind="vllm", model="m")


def test_facts() -> None:
    assert families.settings_class("generators", "vllm") is Vllm
    assert GENERATOR.asks_model
    assert GENERATOR.environment == "vllm"
    assert GENERATOR.gpus == 1


def test_machine_keys() -> None:
    assert {"python", "gpu_memory_utilization", "max_model_len", "save_every"} == Vllm.machine


def test_answers_come_from_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorded_call(GENERATOR, engine, tmp_path, monkeypatch) == (GENERATOR, REQUESTS, tmp_path, DETAILS)
