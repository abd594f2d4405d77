"""The settings of the stage train_joint."""

import json
from pathlib import Path
from typing import Any

import pytest

from listill.errors import UserError
from listill.frozen import canonical
from listill.settings.config import Settings
from listill.settings.joint import Turns
from listill.stages import train, train_joint
from listill.stages.train_joint import TrainJointStage
from listill.training import parts


def config(joint: dict[str, Any] | None = None, **training: Any) -> Settings:
    source = {"source": {"kind": "files", "path": "x"}}
    return Settings.model_validate(
        {
            "corpora": {"c": source, "d": source},
            "students": {"a": {"model": "m"}, "b": {"model": "n", "max_length": 99}},
            "training": {"variants": {"v": {"seed": 7, "batch": 5, "negatives": {"guide": "b"}}}, **training},
            "joint": {"both": {"corpora": ["d", "c"], "student": "a", "variant": "v", **(joint or {})}},
        }
    )


def test_settings_of_a_joint_training() -> None:
    chosen = config({"order": "temperature", "weights": {"c": 2}})
    stage = train_joint.settings(chosen, "joint", "both")
    of_variant = train.settings(chosen, "c", "a", "v")
    assert (stage.version, stage.name, stage.variant) == (train_joint.VERSION, "a", "both")
    assert (stage.student, stage.recipe, stage.guide) == (of_variant.student, of_variant.recipe, of_variant.guide)
    assert stage.corpora == ["d", "c"]
    assert stage.turns == Turns(order="temperature", exponent=0.5, weights={"c": 2})
    assert type(stage.turns) is Turns
    assert stage == TrainJointStage.model_validate(json.loads(canonical(stage.model_dump(mode="json"))))


def test_seeds_are_those_of_the_variant() -> None:
    chosen = config(seeds=2)
    seeds = [train_joint.settings(chosen, "joint", name).training_seed for name in ("both", "both-seed2")]
    assert seeds == [train.settings(chosen, "c", "a", name).training_seed for name in ("v", "v-seed2")] == [7, 8]


def test_settings_of_the_machine_are_not_in_the_identity() -> None:
    one, machine = (train_joint.settings(settings, "joint", "both") for settings in (config(), config(memory=9.0)))
    assert one != machine
    assert one.identity() == machine.identity()
    assert one.identity() != train_joint.settings(config({"order": "proportional"}), "joint", "both").identity()


def test_a_fault_of_one_corpus_names_it(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = train_joint.settings(config(), "joint", "both")
    student = chosen.student.model_copy(update={"model": str(tiny_model)})
    stage, loaded = chosen.model_copy(update={"student": student}), []

    def load(files: parts.Files, *arguments: Any) -> None:
        loaded.append((files.corpus, files.lists, files.guide, files.dev_candidates, arguments[-1]))
        if len(loaded) == 2:
            raise UserError("no lists")

    monkeypatch.setattr(parts, "load", load)
    given = {name: [Path(f"d/{name}"), Path(f"c/{name}")] for name in ("corpus", "topics", "qrels", "queries", "lists")}
    given |= {name: [Path(f"d/{name}"), Path(f"c/{name}")] for name in ("tokens", "embeddings", "guide")}
    nothing: Any = None
    with pytest.raises(UserError, match=r"^corpus c: no lists$"):
        train_joint.run(stage, nothing, **given, out=Path("out"))
    assert loaded == [
        (Path("d/corpus"), Path("d/lists"), Path("d/guide"), None, "d"),
        (Path("c/corpus"), Path("c/lists"), Path("c/guide"), None, "c"),
    ]
