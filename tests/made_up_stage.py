"""A made-up stage, and how tests call it."""

import inspect
import sys
from collections.abc import Callable

import pytest

from listill.stages import command, options
from listill.stages.job import StageSettings

QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


class Settings(StageSettings):
    """Settings of a made-up stage."""

    size: int = 3


def call(monkeypatch: pytest.MonkeyPatch, run: Callable[..., None], *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["stage", *map(str, arguments)])
    describe(monkeypatch, run)
    command.main(run, Settings, "made_up")


def describe(monkeypatch: pytest.MonkeyPatch, run: Callable[..., None]) -> None:
    """Give each option a help text."""
    for option in inspect.signature(run).parameters:
        monkeypatch.setitem(options.OTHER, ("made_up", option), "a made-up option")


def error_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, run: Callable[..., None], *arguments: object
) -> str:
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, run, *arguments)
    assert stop.value.code == 1
    return capsys.readouterr().err
