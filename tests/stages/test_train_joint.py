"""The settings of the stage train_joint."""

import json
from typing import Any

from listill.frozen import canonical
from listill.settings.config import Settings
from listill.settings.joint import Turns
from listill.stages import train, train_joint
from listill.stages.train_joint import TrainJointStage


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
