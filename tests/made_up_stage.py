"""A made-up stage, and how tests call it."""

import sys

import pytest

from listill.stages import command
from listill.stages.job import StageSettings

QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


class Settings(StageSettings):
    """Settings of a made-up stage."""

    size: int = 3


def call(monkeypatch: pytest.MonkeyPatch, run: object, *options: object) -> None:
    monkeypatch.setattr(sys, "argv", ["stage", *map(str, options)])
    command.main(run, Settings, "made_up")  # type: ignore[arg-type]


def error_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, run: object, *options: object) -> str:
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, run, *options)
    assert stop.value.code == 1
    return capsys.readouterr().err
