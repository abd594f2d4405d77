"""The config: checks, defaults, variants."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from listill.errors import UserError
from listill.frozen import parse
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.settings.training import Recipe, Training

ROOT = Path(__file__).parents[1]


def config(**more: Any) -> dict[str, Any]:
    return {"corpora": {"c": {"source": {"kind": "beir", "path": "x"}}}, "students": {"s": {"model": "m"}}} | more


def fault(data: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        parse(Settings, data, "config.yaml")
    return str(caught.value)


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


def test_an_unquoted_no_is_a_no() -> None:
    parsed = parse(Settings, config(training=yaml.safe_load("{selection: {merge: no}}")), "config.yaml")
    assert parsed.training.selection.merge == "no"


def test_every_fault_is_named_with_its_place() -> None:
    message = fault(config(seed="x", evaluation={"measures": ["nDGC@10"]}, mining={"depth": 0}))
    lines = message.splitlines()
    assert len(lines) == 3
    assert any(line.startswith("config.yaml: seed: ") for line in lines)
    assert any(line.startswith("config.yaml: evaluation.measures.0: unknown measure 'nDGC@10'") for line in lines)
    assert any(line.startswith("config.yaml: mining.depth: ") for line in lines)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"students": {"bm25": {"model": "m"}}}, "the name 'bm25' is taken"),
        ({"students": {"teacher": {"model": "m"}}}, "the name 'teacher' is taken"),
        ({"mining": {"dense": {"s": {"model": "m"}}}}, "the name 's' is taken"),
        ({"mining": {"dense": {"bm25": {"model": "m"}}}}, "the name 'bm25' is taken"),
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
        ({"generation": {"generator": {"kind": "extractive", "crop_words": [9, 8]}}}, "crop_words: the fewest (9)"),
        ({"training": {"losses": {"margin": 1}}}, "training.losses.margin"),
        ({"training": {"temperatures": {"teacher": "warm"}}}, "training.temperatures.teacher"),
    ],
)
def test_what_does_not_fit_is_an_error(more: dict[str, Any], text: str) -> None:
    assert text in fault(config(**more))


def test_a_variant_overrides_sections_key_by_key() -> None:
    training = parse(
        Training,
        {
            "epochs": 3,
            "temperatures": {"student": 0.1, "teacher": 0.5},
            "selection": {"queries": 7},
            "variants": {"v": {"temperatures": {"student": 0.2}, "selection": {"evaluations": 9}, "batch": 2}, "w": {}},
        },
        "training",
    )
    recipe = training.recipe("v")
    assert type(recipe) is Recipe
    assert (recipe.epochs, recipe.batch) == (3, 2)
    assert (recipe.temperatures.student, recipe.temperatures.teacher) == (0.2, 0.5)
    assert (recipe.selection.queries, recipe.selection.evaluations) == (7, 9)
    other = training.recipe("w")
    assert (other.batch, other.temperatures.student, other.selection.evaluations) == (16, 0.1, 4)


def test_a_variant_replaces_the_losses_and_may_set_a_section_key_to_its_default() -> None:
    training = parse(
        Training,
        {
            "losses": {"listwise": 1, "infonce": 0.5},
            "temperatures": {"student": 0.2},
            "variants": {"v": {"losses": {"infonce": 1}, "temperatures": {"student": 0.05}}, "w": {}},
        },
        "training",
    )
    assert training.recipe("v").losses == {"infonce": 1}
    assert training.recipe("v").temperatures.student == 0.05
    assert training.recipe("w").losses == {"listwise": 1, "infonce": 0.5}


def test_a_variant_may_take_all_types_or_lists_again() -> None:
    shared = {"types": ["human"], "max_lists": 9, "max_length": 64, "batch": 4}
    training = parse(Training, {**shared, "variants": {"v": {"types": None, "max_lists": None}, "w": {}}}, "training")
    assert (training.recipe("v").types, training.recipe("v").max_lists, training.recipe("v").max_length) == (
        None,
        None,
        64,
    )
    assert (training.recipe("w").types, training.recipe("w").max_lists) == (["human"], 9)


def test_a_variant_is_checked_like_the_shared_settings() -> None:
    assert "training.variants.v.batch" in fault(config(training={"variants": {"v": {"batch": 0}}}))
    assert "training.variants.v.negatives.denoise" in fault(
        config(training={"variants": {"v": {"negatives": {"denoise": 1.5}}}})
    )
    assert "no retriever 'x'" in fault(config(training={"variants": {"v": {"negatives": {"guide": "x"}}}}))
    assert "training.variants.v" in fault(config(training={"variants": {"v": {"batch": None}}}))


def test_settings_are_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Student(model="m").model = "n"


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_configs(path: Path) -> None:
    settings = parse(Settings, yaml.safe_load(path.read_text()), str(path))
    for variant in settings.training.variants:
        settings.training.recipe(variant)


def test_a_preset_is_where_settings_start_from() -> None:
    chosen = config(
        training={"preset": "cadet", "epochs": 2, "temperatures": {"teacher": 0.1}, "losses": {"ranknet": 1}}
    )
    training = Settings.model_validate(chosen).training
    assert (training.batch, training.learning_rate, training.lists.length) == (4096, 2e-4, 20)
    assert training.epochs == 2
    assert training.temperatures.model_dump() == {"student": 0.05, "teacher": 0.1, "offset": 0.0, "infonce": 0.01}
    assert training.losses == {"ranknet": 1.0}
    assert training.recipe("infonce").negatives.denoise == 0.6
    assert "training.preset" in fault(config(training={"preset": "cadett"}))


def test_rounds() -> None:
    chosen = config(training={"rounds": 2, "variants": {"v": {"epochs": 2}, "a": {}}})
    training = Settings.model_validate(chosen).training
    assert training.all_variants() == ["a", "a-round2", "v", "v-round2"]
    assert training.recipe("v-round2") == training.recipe("v")
    assert "names that end in -round2" in fault(config(training={"variants": {"v-round2": {}}}))
