import sys
from pathlib import Path

import pytest
import yaml

from listill.init import __main__ as command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["init", *arguments])
    command.main()


def test_init_then_check(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "lava.md").write_text("# Lava\n\nA volcano has lava.")
    run(monkeypatch, "notes")
    assert "wrote config/notes.yaml" in capsys.readouterr().out
    file = tmp_path / "config" / "notes.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["students"]["minilm"] = {"model": str(tiny_model)}
    file.write_text(yaml.safe_dump(settings))
    run(monkeypatch, "--check", str(file))
    said = capsys.readouterr().out
    assert "notes: 1 documents" in said
    assert "lava.md: 10 tokens\n  passage : lava a volcano has lava." in said


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["d.csv", "--out", "there.yaml"], "there.yaml: exists already"),
        (["d.csv", "--name", "a b"], "--name a b: a name has letters"),
        (["d.csv", "--out", "d.csv/x.yaml"], "cannot be written"),
        (["--check", "nowhere.yaml"], "nowhere.yaml: no such config file"),
    ],
)
def test_a_fault_is_one_line(arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("id,text\n1,words\n")
    (tmp_path / "there.yaml").write_text("mine")
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, *arguments)
    assert str(end.value).startswith("listill init: error: ")
    assert named in str(end.value)
    assert "\n" not in str(end.value)
    assert (tmp_path / "there.yaml").read_text() == "mine"
