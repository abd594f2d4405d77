import sys
from pathlib import Path
from typing import Any

import flow
import pytest
import yaml

from listill.estimate import __main__ as command
from listill.estimate import probe


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.01)
    monkeypatch.setattr(probe, "STARTS", dict.fromkeys(probe.STARTS, ""))
    monkeypatch.setattr(sys, "argv", ["estimate", *arguments])
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    command.main()


def config(folder: Path, settings: dict[str, Any]) -> str:
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return str(folder / "config.yaml")


def test_the_command(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = flow.changed(settings, "estimate.rates", {"train.small": 1})
    monkeypatch.setattr(command.os, "getloadavg", lambda: (100.0, 0.0, 0.0))
    run(monkeypatch, config(tmp_path, settings), "--threads", "1")
    said = capsys.readouterr().out
    assert said.startswith("tiny: 60 documents")
    (train,) = [line for line in said.splitlines() if line.startswith("train ")]
    assert " h " in train  # a token a second
    assert "other processes use this machine (load 100.0)" in said
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("estimate.rates", {"encode.large": 1}, "no job has the rate 'encode.large'"),
        ("estimate.price_per_hour", {"moon": 1}, "no machine 'moon'"),
        ("corpora.tiny.source.path", "gone", "no such folder"),
        ("estimate.rate", {}, "unknown key 'rate'"),
    ],
)
def test_a_fault_is_one_line(
    key: str, value: Any, named: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = config(tmp_path, flow.changed(settings, key, value))
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, file)
    assert str(end.value).startswith("listill estimate: error: ")
    assert named in str(end.value)
    assert "\n" not in str(end.value)
