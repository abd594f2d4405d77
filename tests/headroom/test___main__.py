import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from listill.headroom import __main__ as command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["headroom", *arguments])
    command.main()


def test_the_command(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(settings))
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, str(file), "--documents", "40", "--queries", "10", "--threads", "1")
    said = capsys.readouterr().out
    assert said.startswith("tiny: ")
    assert "measured on 40 of 60 documents" in said
    assert "synthetic queries" in said
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nowhere.yaml"], "nowhere.yaml: no such config file"),
        (["c.yaml", "--documents", "1"], "--documents 1: give 2 or more"),
        (["c.yaml"], "no such folder"),
    ],
)
def test_a_fault_is_one_line(arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {"corpora": {"c": {"source": {"kind": "beir", "path": "gone"}}}, "students": {"s": {"model": "there"}}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, *arguments)
    assert str(end.value).startswith("listill headroom: error: ")
    assert named in str(end.value)
    assert "\n" not in str(end.value)
