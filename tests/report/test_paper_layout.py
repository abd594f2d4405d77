"""Which variants of a config belong into the tables of the papers."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from listill.plan import Plan
from listill.report.paper_layout import layouts
from plan_config import CONFIG

CONFIGS = Path(__file__).parents[2] / "config"
MODEL = {"kind": "transformers", "model": "m", "types": {"claim": 1, "title": 1}}


def rows(training: dict[str, Any], **blocks: Any) -> list[dict[str, list[str]]]:
    """Return the rows of the four tables."""
    config = {**CONFIG, "generation": {"generator": MODEL}, "training": training, **blocks}
    return [layout.rows for layout in layouts(Plan(config).settings)]


def test_losses_are_told_by_the_recipe_and_not_by_the_name() -> None:
    variants = {
        "x": {"losses": {"infonce": 1}},
        "y": {"losses": {"listwise": 2}},
        "z": {"losses": {"listwise": 1, "infonce": 1}},
        "infonce": {"losses": {"ranknet": 1}},
        "few": {"losses": {"infonce": 1}, "max_lists": 9},
        "again": {"losses": {"listwise": 1}, "learning_rate": 1e-5},
    }
    assert rows({"variants": variants}) == [
        {"InfoNCE": ["x"], "listwise": ["y", "again"], "combined": ["z"]},
        {},
        {},
        {},
    ]


def test_types_and_human_queries() -> None:
    variants = {
        "a": {"types": ["claim"]},
        "b": {"types": ["title"], "max_lists": 9},
        "c": {"types": ["claim"], "max_lists": 9},
        "d": {"types": ["title", "claim"], "max_lists": 9},
        "e": {"types": ["human"], "max_lists": 9},
        "f": {"max_lists": 9},
    }
    _, types, human, _ = rows({"variants": variants})
    assert types == {"claim": ["c"], "title": ["b"], "all types": ["d"]}
    assert human == {"human": ["e"], "synthetic": ["d"], "human and synthetic": ["f"]}
    del variants["e"]
    _, types, human, _ = rows({"variants": variants}, generation={"generator": MODEL, "human": False})
    assert types["all types"] == ["d", "f"]
    assert "human and synthetic" not in human


def test_a_generator_that_does_not_say_its_types() -> None:
    """The types are then those that the variants name. A variant that names none has human queries, too, if there are any."""
    generator = {"kind": "file", "path": "there.parquet"}
    variants = {"a": {"types": ["log"]}, "b": {"types": ["human"]}, "c": {}}
    _, types, human, _ = rows({"variants": variants}, generation={"generator": generator})
    assert types == {}
    assert human == {"human": ["b"], "human and synthetic": ["c"]}
    _, types, human, _ = rows({"variants": variants}, generation={"generator": generator, "human": False})
    assert types == {"log": ["a"], "all types": ["c"]}
    assert human == {"human": ["b"], "synthetic": ["c"]}


def test_teachers() -> None:
    members = {"bm25": {"kind": "bm25"}, "cross": {"kind": "cross_encoder", "model": "m", "weight": 2}}
    variants = {
        "a": {"teachers": ["cross"]},
        "b": {"teachers": {"cross": 5}},
        "c": {},
        "d": {"teachers": ["cross", "bm25"]},
        "e": {"teachers": {"bm25": 3, "cross": 1}},
        "f": {"teachers": ["bm25"], "lists": {"length": 3}},
    }
    *_, teachers = rows({"variants": variants}, teacher={"members": members})
    assert teachers == {"cross": ["a", "b"], "ensemble": ["c", "d"], "3 bm25 + 1 cross": ["e"]}


@pytest.mark.parametrize(("name", "tables"), [("paper-mini.yaml", 4), ("paper.yaml", 2), ("config.yaml", 1)])
def test_shipped_configs(name: str, tables: int) -> None:
    plan = Plan(yaml.safe_load((CONFIGS / name).read_text()), name)
    found = layouts(plan.settings)
    assert [bool(layout.rows) for layout in found] == [True] * tables + [False] * (4 - tables)
    assert all(layout.reference in layout.rows for layout in found[:tables])
    assert all((layout.corpora, layout.students) == (plan.learned, plan.students) for layout in found[:1])
    assert all(len(variants) == 1 for layout in found for variants in layout.rows.values())


def test_the_reduced_experiment_compares_equal_numbers() -> None:
    """Each type alone with all types, and human queries with synthetic ones."""
    plan = Plan(yaml.safe_load((CONFIGS / "paper-mini.yaml").read_text()))
    training = plan.settings.training
    _, types, human, teachers = layouts(plan.settings)
    assert (teachers.corpora, teachers.students) == (plan.corpora, ["minilm"])
    assert (types.corpora, types.students) == (["covidqa", "scifact"], ["minilm"])
    assert (human.corpora, human.students) == (["python_api", "scifact"], ["minilm"])
    for layout, size in ((types, 80), (human, 300)):
        variants = [variant for names in layout.rows.values() for variant in names]
        assert {training.recipe(variant).max_lists for variant in variants} == {size}
    assert {"human" in (training.recipe(variant).types or ["human"]) for variant in training.variants} == {True, False}
    assert [v for v in training.variants if "human" in (training.recipe(v).types or ["human"])] == ["human-300"]
    assert not any(system.startswith("minilm.human") for system in plan.trained_on("covidqa"))
