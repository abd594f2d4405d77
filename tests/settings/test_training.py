"""Recipes: variants, presets, rounds."""

import yaml

from checked_config import config, fault
from listill.frozen import parse
from listill.settings.config import Settings
from listill.settings.training import Lora, Recipe, Training


def test_an_unquoted_no_is_a_no() -> None:
    parsed = parse(Settings, config(training=yaml.safe_load("{selection: {merge: no}}")), "config.yaml")
    assert parsed.training.selection.merge == "no"


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


def test_a_variant_may_add_change_or_drop_a_section_that_may_be_missing() -> None:
    variants = {"all": {"lora": None}, "small": {"lora": {"rank": 4}}, "same": {}}
    shared = parse(Training, {"lora": {"rank": 8, "alpha": 8}, "variants": variants}, "training")
    assert shared.recipe("all").lora is None
    assert shared.recipe("small").lora == Lora(rank=4, alpha=8)
    assert shared.recipe("same").lora == Lora(rank=8, alpha=8)
    alone = parse(Training, {"variants": {**variants, "same": {"lora": {}}}}, "training")
    assert alone.recipe("all").lora is None
    assert alone.recipe("small").lora == Lora(rank=4)
    assert alone.recipe("same").lora == Lora()


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


def test_seeds() -> None:
    training = parse(Training, {"variants": {"v": {"epochs": 2}, "a": {}}, "seeds": 2, "rounds": 2}, "config.yaml")
    a, v = ([f"{name}{seed}{suffix}" for seed in ("", "-seed2") for suffix in ("", "-round2")] for name in "av")
    assert training.all_variants() == [*a, *v]
    assert training.recipe("v-seed2") == training.recipe("v-seed2-round2") == training.recipe("v")
    assert "names that end in -seed<number>" in fault(config(training={"variants": {"v-seed2": {}}}))
    parse(Training, {"variants": {"v-seeded": {}, "seed2": {}}}, "config.yaml")
