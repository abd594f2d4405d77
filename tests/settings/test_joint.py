"""The settings of joint trainings: defaults, and faults of the config in one line."""

from typing import Any

import pytest

from listill.errors import UserError
from listill.frozen import parse
from listill.settings.config import Settings
from listill.settings.joint import Joint

BOTH: dict[str, Any] = {"corpora": ["a", "b"], "student": "s"}


def config(joint: dict[str, Any], **blocks: Any) -> dict[str, Any]:
    source = {"source": {"kind": "beir", "path": "/nowhere"}}
    whole = {"corpora": {"a": source, "b": source, "c": source}, "students": {"s": {"model": "m"}, "t": {"model": "n"}}}
    return {**whole, **blocks, "joint": joint}


def settings(joint: dict[str, Any], **blocks: Any) -> Settings:
    return parse(Settings, config(joint, **blocks), "config")


def test_defaults() -> None:
    joint = settings({"both": BOTH}).joint["both"]
    assert (joint.variant, joint.order, joint.exponent, joint.weights) == ("listwise", "alternate", 0.5, {})
    assert settings({}).joint == {}


def test_further_seeds_are_further_systems() -> None:
    chosen = settings({"x": {**BOTH, "student": "t"}, "both": BOTH}, training={"seeds": 2})
    expected = [("s", "both"), ("s", "both-seed2"), ("t", "x"), ("t", "x-seed2")]
    assert chosen.jointly_trained() == expected
    assert chosen.evaluated_on("c")[-4:] == expected


def test_the_lists_of_a_joint_training_are_those_of_its_variant() -> None:
    """Also where the variant itself is not trained."""
    variants = {"listwise": {"corpora": ["a"], "students": ["t"]}, "own": {"corpora": ["a"], "lists": {"length": 3}}}
    chosen = settings({"both": BOTH, "x": {**BOTH, "variant": "own"}}, training={"variants": variants})
    assert chosen.lists_on("a") == ["s", "s.own", "t", "t.own"]
    assert chosen.lists_on("b") == ["s", "s.own"]
    assert chosen.lists_on("c") == []


@pytest.mark.parametrize(
    ("joint", "blocks", "message"),
    [
        ({"both": {**BOTH, "corpora": ["a", "xyz"]}}, {}, "joint.both.corpora: no corpus 'xyz'; known: a, b, c"),
        ({"both": {**BOTH, "student": "x"}}, {}, "joint.both.student: no student 'x'; known: s, t"),
        (
            {"both": {**BOTH, "variant": "listwize"}},
            {},
            "joint.both.variant: no variant 'listwize' (did you mean 'listwise'?)",
        ),
        (
            {"both": BOTH},
            {"training": {"variants": {"one": {}, "two": {}}}},
            "joint.both.variant: no variant 'listwise'; known: one, two",
        ),
        ({"both": {**BOTH, "corpora": ["a", "a"]}}, {}, "joint.both.corpora: 'a' stands in the list twice: remove one"),
        ({"both": {**BOTH, "corpora": []}}, {}, "joint.both.corpora: "),
        ({"both": {"student": "s"}}, {}, "joint.both.corpora: "),
        ({"both": {**BOTH, "order": "random"}}, {}, "joint.both.order: "),
        ({"both": {**BOTH, "weights": {"c": 2}}}, {}, "joint.both: weights: 'c' is not among the corpora"),
        ({"both": {**BOTH, "weights": {"a": 0}}}, {}, "joint.both.weights.a: "),
        (
            {"both": {**BOTH, "exponent": 0.3}},
            {},
            "joint.both: exponent: only `order: temperature` uses it: remove the key, or set the order",
        ),
        (
            {"listwise": BOTH},
            {},
            "joint.listwise: training.variants has the same name, and both systems would be <student>.listwise: rename one",
        ),
        ({"both-round2": BOTH}, {}, "joint: 'both-round2': names that end in -round2 are reserved"),
        ({"both-seed2": BOTH}, {}, "joint: 'both-seed2': names that end in -seed<number> are reserved"),
        ({"logs": BOTH}, {}, "joint.logs: results/joint/logs is a folder of the workflow: rename it"),
        (
            {"both": {**BOTH, "corpora": ["joint"]}},
            {"corpora": {"joint": {"source": {"kind": "beir", "path": "x"}}}},
            "corpora.joint: results/joint has the joint trainings: rename the corpus",
        ),
    ],
)
def test_faults_are_one_line(joint: dict[str, Any], blocks: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        settings(joint, **blocks)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"config: {message}")


def test_all_corpora_have_a_report_if_there_is_a_joint_training() -> None:
    """Also those that only serve to measure retention."""
    blocks = {
        "training": {"variants": {"listwise": {"corpora": ["a"]}}},
        "evaluation": {"retention": {"corpora": ["c"]}},
    }
    assert settings({}, **blocks).reported == ["a", "b"]
    assert settings({"both": BOTH}, **blocks).reported == ["a", "b", "c"]


def test_lists_of_candidates_that_nobody_finds_are_refused() -> None:
    variants = {"listwise": {"students": ["t"], "lists": {"length": 3}}}
    with pytest.raises(UserError, match="the lists of 's' use the candidates of 's', which is not among"):
        settings({"both": BOTH}, mining={"retrievers": ["bm25", "t"]}, training={"variants": variants})


def test_a_weight_may_be_any_positive_number() -> None:
    assert Joint(**BOTH, weights={"b": 0.25}).weights == {"b": 0.25}
