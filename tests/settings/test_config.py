"""The whole config: defaults, and what several blocks have to agree on."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from checked_config import config, fault
from listill.frozen import parse
from listill.settings.config import Settings

ROOT = Path(__file__).parents[2]


def test_defaults() -> None:
    settings = parse(Settings, config(), "config")
    assert settings.seed == 42
    assert (settings.mining.bm25.k1, settings.mining.bm25.b, settings.mining.bm25.stemmer) == (0.9, 0.4, "english")
    assert {name: member.weight for name, member in settings.teacher.members.items()} == {
        "maxsim": 2.0,
        "dense": 1.0,
        "bm25": 1.0,
    }
    assert sorted(settings.training.variants) == ["combined", "infonce", "listwise"]
    assert settings.training.temperatures.teacher == "auto"
    assert settings.evaluation.measures == ["nDCG@10", "R@100", "RR@10"]
    assert settings.corpora["c"].template == "{title} {text}"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"students": {"bm25": {"model": "m"}}}, "the name 'bm25' is taken"),
        ({"students": {"teacher": {"model": "m"}}}, "the name 'teacher' is taken"),
        ({"mining": {"additional": {"s": {"kind": "dense", "model": "m"}}}}, "the name 's' is taken"),
        ({"mining": {"additional": {"bm25": {"kind": "bm25"}}}}, "the name 'bm25' is taken"),
        ({"mining": {"additional": {"random": {"kind": "bm25"}}}}, "the name 'random' is taken"),
        ({"students": {"positive": {"model": "m"}}}, "the name 'positive' is taken"),
        ({"mining": {"random": -1}}, "mining.random"),
        (
            {"training": {"lists": {"min_score": {"maxsin": 0}}}},
            "training.lists.min_score: no teacher 'maxsin' (did you mean 'maxsim'?)",
        ),
        (
            {"training": {"lists": {"min_score": {"bm25": "auto"}}}},
            "training.lists.min_score.bm25: auto compares with the scores of random passages: set mining.random",
        ),
        ({"training": {"lists": {"min_score": {"bm25": True}}}}, "min_score.bm25 should be a number, not true"),
        ({"training": {"lists": {"near_positive": "drop"}}}, "training.lists.near_positive"),
        ({"teacher": {"members": {"m": {"kind": "dense", "student": "t"}}}}, "teacher.members.m.student: no student"),
        ({"mining": {"depth": 5}}, "consistency.top (20) is larger than depth (5): lower it or raise depth"),
        ({"students": {"a b": {"model": "m"}}}, "students.a b"),
        ({"students": {"a.b": {"model": "m"}}}, "students.a.b"),
        ({"students": {}}, "students: "),
        ({"corpora": {}}, "corpora: "),
        ({"training": {"learning_rate": 0}}, "training.learning_rate: "),
        ({"training": {"losses": {"listwise": 0}}}, "training.losses.listwise"),
        ({"training": {"losses": {}}}, "training.losses"),
        ({"evaluation": {"measures": ["R@200"]}}, "depth (100) is smaller than the cut-off of R@200: raise depth"),
        (
            {"generation": {"generator": {"kind": "extractive", "crop_words": [9, 8]}}},
            "crop_words: the minimum (9) is above the maximum (8)",
        ),
        ({"training": {"losses": {"margin": 1}}}, "training.losses.margin"),
        ({"training": {"temperatures": {"teacher": "warm"}}}, "training.temperatures.teacher"),
    ],
)
def test_what_does_not_fit_is_an_error(more: dict[str, Any], text: str) -> None:
    assert text in fault(config(**more))


def test_a_variants_lists_need_candidates_for_its_own_students_only() -> None:
    """``t`` is not mined: the shared lists name another retriever for it, and the variant does not train it."""
    mining = {"retrievers": ["bm25", "s"]}
    students = {"s": {"model": "m"}, "t": {"model": "m"}}
    own = {"lists": {"candidates_from": {"s": "bm25"}}}
    shared = {"candidates_from": {"t": "s"}}

    def with_variant(variant: dict[str, Any]) -> dict[str, Any]:
        return config(mining=mining, students=students, training={"lists": shared, "variants": {"v": variant}})

    parse(Settings, with_variant(own | {"students": ["s"]}), "config")
    assert "training.variants.v.lists: the lists of 't' use the candidates of 't'" in fault(with_variant(own))
    assert "training.variants.v.students: no student 'x'" in fault(with_variant(own | {"students": ["x"]}))


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_configs(path: Path) -> None:
    settings = parse(Settings, yaml.safe_load(path.read_text()), str(path))
    for variant in settings.training.variants:
        settings.training.recipe(variant)


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_seeds_that_the_libraries_cannot_take(seed: int) -> None:
    assert fault(config(seed=seed)).startswith("config.yaml: seed: ")
    assert "variants.v.seed: " in fault(config(training={"variants": {"v": {"seed": seed}}}))


def test_something_must_be_trained() -> None:
    none = {"variants": {"v": {"losses": {"listwise": 1}, "corpora": []}}}
    assert "training.variants: none is trained on any corpus: see `corpora`" in fault(config(training=none))
