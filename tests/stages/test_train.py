"""The settings of the stage train."""

import json
from typing import Any

import pytest

from listill.frozen import canonical
from listill.settings.config import Settings
from listill.stages import train
from listill.stages.train import TrainStage


def config(**training: Any) -> Settings:
    return Settings.model_validate(
        {
            "corpora": {"c": {"source": {"kind": "files", "path": "x"}}},
            "students": {"a": {"model": "m"}, "b": {"model": "n", "max_length": 99}},
            "mining": {"additional": {"g": {"kind": "dense", "model": "guide"}}},
            "training": {"variants": {"v": {}, "w": {"seed": 7, "batch": 5}}, **training},
        }
    )


@pytest.mark.parametrize("guide", [None, "b", "g"])
def test_settings_of_a_variant(guide: str | None) -> None:
    chosen = config(negatives={"guide": guide}, epochs=3)
    stage = train.settings(chosen, "c", "a", "w")
    assert (stage.version, stage.name, stage.variant) == (train.VERSION, "a", "w")
    assert stage.student == chosen.students["a"]
    assert stage.recipe == chosen.training.recipe("w")
    assert (stage.recipe.epochs, stage.recipe.batch) == (3, 5)
    assert (None if stage.guide is None else stage.guide.model) == {None: None, "b": "n", "g": "guide"}[guide]
    assert stage == TrainStage.model_validate(json.loads(canonical(stage.model_dump(mode="json"))))


def test_training_seed() -> None:
    chosen = config()
    assert train.settings(chosen, "c", "a", "v").training_seed == chosen.seed == 42
    second = train.settings(chosen, "c", "a", "w")
    assert (second.seed, second.training_seed) == (42, 7)


def test_each_seed_of_a_variant_has_a_seed_of_its_own() -> None:
    chosen = config(seeds=3)
    names = ["v", "v-seed2", "v-seed3", "w-seed3"]
    assert [train.settings(chosen, "c", "a", name).training_seed for name in names] == [42, 43, 44, 9]
    first = train.settings(chosen, "c", "a", "v")
    # The dev queries and documents of the selection do not change, and neither does the first training.
    assert {train.settings(chosen, "c", "a", name).seed for name in names} == {42}
    assert first == train.settings(config(seeds=1), "c", "a", "v")
    assert train.settings(chosen, "c", "a", "v-seed3-round2").training_seed == 44


def test_settings_of_the_machine_are_not_in_the_identity() -> None:
    one = train.settings(config(), "c", "a", "v")
    machine = train.settings(config(memory=9.0, checkpoint=3, tensorboard=True), "c", "a", "v")
    other = train.settings(config(epochs=3), "c", "a", "v")
    assert one != machine
    assert one.identity() == machine.identity() != other.identity()
