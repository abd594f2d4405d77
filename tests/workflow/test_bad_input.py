"""What is wrong with the input is said once, clearly; the run fails and leaves nothing half done."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import pytest
import yaml


def parquet(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.parquet"))


def fails(folder: Path, settings: dict[str, Any] | str, *arguments: str) -> str:
    done = flow.run(folder, settings, *arguments)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert not list(folder.rglob("*.tmp"))
    return said


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("trainig", {}, "config: unknown key 'trainig' (did you mean 'training'?)"),
        ("corpora.tiny.source.pth", "x", "unknown key 'pth' (did you mean 'path'?)"),
        ("training.variants.listwise.epoch", 2, "unknown key 'epoch' (did you mean 'epochs'?)"),
        ("mining.consistency.top", 50, "consistency.top (50) is larger than depth (8): lower it or raise depth"),
    ],
)
def test_bad_config(settings: dict[str, Any], tmp_path: Path, place: str, value: Any, message: str) -> None:
    said = fails(tmp_path, flow.changed(settings, place, value), "--dry-run")
    assert said.count(message) == 1
    assert not (tmp_path / "results").exists()


def test_a_key_that_is_given_twice(settings: dict[str, Any], tmp_path: Path) -> None:
    text = yaml.safe_dump(settings) + "seed: 8\n"
    said = fails(tmp_path, text, "--dry-run")
    assert f":{text.count(chr(10))}: the key seed was already set in line " in said


def test_missing_folder(settings: dict[str, Any], tmp_path: Path) -> None:
    wrong = flow.changed(settings, "corpora.tiny.source.path", "/nowhere")
    said = fails(tmp_path, wrong, "corpus")
    assert said.count("listill corpus: error: /nowhere: no such folder") == 1
    assert parquet(tmp_path) == []


def test_broken_line(settings: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(settings["corpora"]["tiny"]["source"]["path"], source)
    lines = (source / "corpus.jsonl").read_text().splitlines()
    lines[6] = lines[6][:20]
    (source / "corpus.jsonl").write_text("\n".join(lines))
    said = fails(tmp_path, flow.changed(settings, "corpora.tiny.source.path", str(source)), "corpus")
    assert said.count(f"{source}/corpus.jsonl:7: invalid JSON") == 1
    assert parquet(tmp_path) == []


def test_model_without_pooling(settings: dict[str, Any], copied: Callable[[], Path], tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(settings["students"]["small"]["model"], model)
    (model / "modules.json").unlink()
    folder = copied()
    said = fails(folder, flow.changed(settings, "students.small.model", str(model)), "candidates")
    assert said.count("modules.json is missing, so the pooling is unknown") == 1
    assert not (flow.results(folder) / "embeddings/small.parquet").exists()
    assert (flow.results(folder) / "corpus.parquet").exists()


def test_the_gate_stops_before_training(settings: dict[str, Any], copied: Callable[[], Path]) -> None:
    folder = copied()
    strict = flow.changed(settings, "teacher.gate", {"action": "stop", "margin": 1.5})
    strict = flow.changed(strict, "training.lists.length", 5)
    said = fails(folder, strict, "train")
    assert (
        said.count("nothing to learn from the teacher; use a stronger teacher, or set teacher.gate.action: warn") == 1
    )
    assert not (flow.results(folder) / "gate.parquet").exists()
