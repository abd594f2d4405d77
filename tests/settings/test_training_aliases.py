"""The old names of keys and losses of the training block."""

from typing import Any

import pytest
import yaml

from listill.errors import UserError
from listill.frozen import parse
from listill.settings.training import Negatives, Recipe, Temperatures, Training

# block: (its class, the old name, the new name, a value)
RENAMED: dict[str, tuple[Any, str, str, Any]] = {
    "temperatures": (Temperatures, "contrastive", "infonce", 0.07),
    "negatives": (Negatives, "margin", "guide_margin", 0.2),
}
BLOCKS = [*RENAMED, "lists"]
OLD_NAME = "'{}' is the old name of '{}': remove one of the two"


def names(block: str) -> tuple[str, str, Any]:
    """Return the old name, the new name and a value of a key of a block."""
    return RENAMED[block][1:] if block in RENAMED else ("own", "candidates_from", {"s": "t"})


def training(**keys: Any) -> Training:
    return parse(Training, keys, "training")


def fault(**keys: Any) -> str:
    with pytest.raises(UserError) as error:
        training(**keys)
    return str(error.value)


@pytest.mark.parametrize("block", RENAMED)
def test_old_names_of_a_block(block: str) -> None:
    section, old, new, value = RENAMED[block]
    one, two = section.model_validate({old: value}), section.model_validate({new: value})
    assert one == two
    assert one.model_dump(exclude_unset=True) == {new: value}
    with pytest.raises(ValueError, match=OLD_NAME.format(old, new)):
        section.model_validate({old: value, new: value})


@pytest.mark.parametrize("block", BLOCKS)
def test_old_names_in_the_shared_settings(block: str) -> None:
    old, new, value = names(block)
    assert training(**{block: {old: value}}) == training(**{block: {new: value}}) != training()
    assert fault(**{block: {old: value, new: value}}) == f"training: {block}: {OLD_NAME.format(old, new)}"


@pytest.mark.parametrize("block", RENAMED)
def test_old_names_in_a_variant(block: str) -> None:
    old, new, value = names(block)
    shared = {block: {new: 0.5}}
    one = training(**shared, variants={"v": {block: {old: value}}, "w": {}})
    two = training(**shared, variants={"v": {block: {new: value}}, "w": {}})
    assert one.recipe("v") == two.recipe("v")
    assert getattr(getattr(one.recipe("v"), block), new) == value
    assert getattr(getattr(one.recipe("w"), block), new) == 0.5
    # The old name in the shared settings, the new one in the variant, and a variant that sets another key.
    mixed = training(**{block: {old: 0.5}}, variants={"v": {block: {new: value}}, "w": {block: {}}})
    assert mixed.recipe("v") == two.recipe("v")
    assert mixed.recipe("w") == two.recipe("w")
    both = fault(variants={"v": {block: {old: value, new: value}}})
    assert both == f"training: variants.v.{block}: {OLD_NAME.format(old, new)}"


@pytest.mark.parametrize("preset", ["cadet", "small"])
@pytest.mark.parametrize("block", BLOCKS)
def test_old_names_replace_what_a_preset_sets(block: str, preset: str) -> None:
    old, new, value = names(block)
    one, two = training(preset=preset, **{block: {old: value}}), training(preset=preset, **{block: {new: value}})
    assert one == two
    assert getattr(getattr(one, block), new) == value
    # The other keys of the block are still the preset's.
    plain = training(preset=preset)
    assert getattr(one, block) == getattr(plain, block).model_copy(update={new: value})
    assert fault(preset=preset, **{block: {old: value, new: value}}) == (
        f"training: {block}: {OLD_NAME.format(old, new)}"
    )


def test_the_cadet_preset_sets_the_new_name_of_the_temperature() -> None:
    """So that the tests above meet an old name over a new one."""
    assert training(preset="cadet").temperatures.infonce == 0.01
    assert training(preset="cadet", temperatures={"contrastive": 0.3}).temperatures.infonce == 0.3
    chosen = training(preset="cadet", variants={"v": {"temperatures": {"contrastive": 0.3}}})
    assert chosen.recipe("v").temperatures == chosen.temperatures.model_copy(update={"infonce": 0.3})


@pytest.mark.parametrize("preset", [None, "cadet"])
def test_the_loss_infonce_was_called_contrastive(preset: str | None) -> None:
    for where in ({}, {"preset": preset}):
        one = training(**where, losses={"contrastive": 0.3, "listwise": 1})
        assert one == training(**where, losses={"infonce": 0.3, "listwise": 1})
        assert list(one.losses.items()) == [("infonce", 0.3), ("listwise", 1.0)]
        variant = training(**where, variants={"v": {"losses": {"contrastive": 2}}})
        assert variant.recipe("v").losses == {"infonce": 2.0}
    both = {"contrastive": 0.3, "infonce": 0.1}
    assert fault(losses=both) == f"training: losses: {OLD_NAME.format('contrastive', 'infonce')}"
    assert OLD_NAME.format("contrastive", "infonce") in fault(variants={"v": {"losses": both}})


def test_frozen_settings_have_the_new_names_only() -> None:
    old = Recipe.model_validate(
        yaml.safe_load("{losses: {contrastive: 1}, temperatures: {contrastive: 0.1}, negatives: {margin: 0.2}}")
    )
    frozen = old.model_dump(mode="json")
    assert frozen["losses"] == {"infonce": 1.0}
    assert not {"contrastive", "margin"} & {*frozen["losses"], *frozen["temperatures"], *frozen["negatives"]}
    assert Recipe.model_validate(frozen) == old


def test_a_guide_has_a_say_with_infonce_or_where_listwise_sees_the_step() -> None:
    def uses(**keys: Any) -> bool:
        return Recipe.model_validate(keys).uses_guide

    guided = {"guide": "g", "listwise": False}
    assert uses(losses={"contrastive": 1}, negatives=guided)
    assert uses(losses={"infonce": 1}, negatives=guided)
    assert not uses(losses={"listwise": 1}, negatives=guided)
    assert uses(losses={"listwise": 1}, negatives={"guide": "g"})
    assert not uses(losses={"infonce": 1})
