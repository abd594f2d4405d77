"""The command python -m listill.export."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from listill.export import __main__ as command
from listill.export import upload

CONFIG = {
    "corpora": {name: {"source": {"kind": "beir", "path": "x"}} for name in ("c", "d")},
    "students": {"s": {"model": "m"}},
    "training": {
        "seeds": 2,
        "variants": {"v": {"losses": {"infonce": 1}}, "w": {"losses": {"infonce": 1}, "corpora": ["d"]}},
    },
}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(yaml.safe_dump(CONFIG))
    return "config.yaml"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that would be run."""
    lines: list[list[str]] = []

    def run(line: list[str]) -> subprocess.CompletedProcess[str]:
        lines.append(line)
        return subprocess.CompletedProcess(line, 0)

    monkeypatch.setattr(command.subprocess, "run", run)
    return lines


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["export", *arguments])
    command.main()


def test_without_options_it_is_the_target(config: str, made: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    call(monkeypatch, config, "--cores", "2")
    assert made[0][-3:] == ["export", "--configfile", config]
    assert Path(made[0][made[0].index("--snakefile") + 1]).is_file()


def test_one_system_and_its_upload(config: str, made: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = []
    monkeypatch.setattr(upload, "push", lambda folder, name, public: pushed.append((str(folder), name, public)))
    call(monkeypatch, config, "--system", "s.w", "--push-to", "me/m")
    assert "results/d/export/models/s/w/README.md" in made[0]
    assert pushed == [("results/d/export/models/s/w", "me/m", False)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--push-to", "me/m"], "--push-to uploads one model: name it with --system"),
        (["--system", "s.x"], "--system s.x: no trained system of this name; known: s.v, s.w"),
        (["--system", "s.v"], "--system s.v: add --corpus, one of c, d"),
        (
            ["--system", "s.w-seed2"],
            "--system s.w-seed2: not among those that are exported: add it to export.systems; known: s.v, s.w",
        ),
        (["--system", "s.v", "--corpus", "e"], "--corpus e: no such corpus; known: c, d"),
        (["--corpus", "c"], "--corpus belongs to --system: name the system, too"),
        (["--system", "s.w", "--public"], "--public is for an upload: add --push-to ORG/NAME, or leave it out"),
    ],
)
def test_faults_are_one_line(
    config: str,
    made: list[list[str]],
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, config, *arguments)
    assert caught.value.code == 1
    assert capsys.readouterr().err == f"listill.export: error: {message}\n"
    assert made == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "gone.yaml: No such file or directory: give the path of a config"),
        ("a: [", "gone.yaml: not YAML"),
        ("- a", "gone.yaml: not a config: it should be a mapping"),
    ],
)
def test_a_config_that_is_none(
    content: str | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("gone.yaml").write_text(content)
    with pytest.raises(SystemExit):
        call(monkeypatch, "gone.yaml")
    assert message in capsys.readouterr().err
