"""Blocks of the config: unknown keys, old names, numbers, immutability."""

from typing import Any, ClassVar, Literal

import pytest

from checked_config import config, fault
from listill.section import Section, renamed_value
from listill.settings.students import Student


@pytest.mark.parametrize(
    ("more", "place", "text"),
    [
        ({"trainin": {}}, "config.yaml: ", "unknown key 'trainin' (did you mean 'training'?)"),
        ({"training": {"epoch": 2}}, "config.yaml: training: ", "unknown key 'epoch' (did you mean 'epochs'?)"),
        (
            {"training": {"variants": {"v": {"learning_rat": 1}}}},
            "config.yaml: training.variants.v: ",
            "unknown key 'learning_rat' (did you mean 'learning_rate'?)",
        ),
        (
            {"training": {"temperatures": {"techer": 1}}},
            "config.yaml: training.temperatures: ",
            "unknown key 'techer' (did you mean 'teacher'?)",
        ),
        (
            {"teacher": {"members": {"m": {"kind": "dense", "wieght": 2}}}},
            "config.yaml: teacher.members.m.dense: ",
            "unknown key 'wieght' (did you mean 'weight'?)",
        ),
        (
            {"students": {"s": {"model": "m", "zzz": 1}}},
            "config.yaml: students.s: ",
            "unknown key 'zzz'; known here: model, revision",
        ),
    ],
)
def test_an_unknown_key_names_itself_its_place_and_the_nearest(more: dict[str, Any], place: str, text: str) -> None:
    message = fault(config(**more))
    assert message.startswith(place + text)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("training", "place"),
    [
        ({"dropout": True}, "training: dropout"),
        ({"losses": {"listwise": True}}, "training: losses.listwise"),
        ({"temperatures": {"teacher": False}}, "training.temperatures: teacher"),
        ({"rounds": True}, "training: rounds"),
        ({"variants": {"v": {"epochs": True}}}, "training.variants.v: epochs"),
    ],
)
def test_true_is_no_number(training: dict[str, Any], place: str) -> None:
    assert fault(config(training=training)) == f"config.yaml: {place} should be a number, not true or false"


def test_every_fault_is_named_with_its_place() -> None:
    message = fault(config(seed="x", evaluation={"measures": ["nDGC@10"]}, mining={"depth": 0}))
    lines = message.splitlines()
    assert len(lines) == 3
    assert any(line.startswith("config.yaml: seed: ") for line in lines)
    assert any(line.startswith("config.yaml: evaluation.measures.0: unknown measure 'nDGC@10'") for line in lines)
    assert any(line.startswith("config.yaml: mining.depth: ") for line in lines)


def test_settings_are_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Student(model="m").model = "n"


class Block(Section):
    """A block with an old key and an old value."""

    aliases: ClassVar[dict[str, str]] = {"old": "new"}

    new: int = 1
    mode: Literal["present", "other"] = "present"


def test_an_old_key_still_works() -> None:
    assert Block.model_validate({"old": 3}) == Block(new=3)


def test_both_names_of_a_key_are_an_error() -> None:
    with pytest.raises(ValueError, match="'old' is the old name of 'new': remove one of the two"):
        Block.model_validate({"old": 3, "new": 4})


def test_an_unknown_key_is_compared_with_present_names() -> None:
    with pytest.raises(ValueError, match=r"unknown key 'nex' \(did you mean 'new'\?\); known here: new, mode"):
        Block.model_validate({"nex": 3})


def test_an_old_value_still_works() -> None:
    validator = renamed_value(before="present")
    assert validator.func("before") == "present"  # type: ignore[call-arg]
    assert validator.func("other") == "other"  # type: ignore[call-arg]
    assert validator.func(3) == 3  # type: ignore[call-arg]
