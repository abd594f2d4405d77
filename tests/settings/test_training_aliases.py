"""Old names of keys and losses in the training block."""

from typing import Any

import pytest
import yaml

from listill.errors import UserError
from listill.frozen import parse
from listill.settings.training import Negatives, Recipe, Temperatures, Training

# block: (class, old name, new name, value)
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


def error_of(**keys: Any) -> str:
    with pytest.raises(UserError) as error:
        training(**keys)
    return str(error.value)


@pytest.mark.parametrize("block", RENAMED)
def test_old_names_of_a_block(block: str) -> None:
    section, old, new, value = RENAMED[block]
    by_old, by_new = section.model_validate({old: value}), section.model_validate({new: value})
    assert by_old == by_new
    assert by_old.model_dump(exclude_unset=True) == {new: value}
    with pytest.raises(ValueError, match=OLD_NAME.format(old, new)):
        section.model_validate({old: value, new: value})


@pytest.mark.parametrize("block", BLOCKS)
def test_old_names_in_the_shared_settings(block: str) -> None:
    old, new, value = names(block)
    assert training(**{block: {old: value}}) == training(**{block: {new: value}}) != training()
    assert error_of(**{block: {old: value, new: value}}) == f"training: {block}: {OLD_NAME.format(old, new)}"


@pytest.mark.parametrize("block", RENAMED)
def test_old_names_in_a_variant(block: str) -> None:
    old, new, value = names(block)
    shared = {block: {new: 0.5}}
    by_old = training(**shared, variants={"v": {block: {old: value}}, "w": {}})
    by_new = training(**shared, variants={"v": {block: {new: value}}, "w": {}})
    assert by_old.recipe("v") == by_new.recipe("v")
    assert getattr(getattr(by_old.recipe("v"), block), new) == value
    assert getattr(getattr(by_old.recipe("w"), block), new) == 0.5
    # The old name in the shared settings, the new name in one variant, and neither name in another.
    mixed = training(**{block: {old: 0.5}}, variants={"v": {block: {new: value}}, "w": {block: {}}})
    assert mixed.recipe("v") == by_new.recipe("v")
    assert mixed.recipe("w") == by_new.recipe("w")
    both = error_of(variants={"v": {block: {old: value, new: value}}})
    assert both == f"training: variants.v.{block}: {OLD_NAME.format(old, new)}"


@pytest.mark.parametrize("preset", ["cadet", "small"])
@pytest.mark.parametrize("block", BLOCKS)
def test_old_names_override_the_preset(block: str, preset: str) -> None:
    old, new, value = names(block)
    by_old, by_new = (training(preset=preset, **{block: {name: value}}) for name in (old, new))
    assert by_old == by_new
    assert getattr(getattr(by_old, block), new) == value
    # The other keys of the block keep the values of the preset.
    plain = training(preset=preset)
    assert getattr(by_old, block) == getattr(plain, block).model_copy(update={new: value})
    assert error_of(preset=preset, **{block: {old: value, new: value}}) == (
        f"training: {block}: {OLD_NAME.format(old, new)}"
    )


def test_old_temperature_name_overrides_the_cadet_preset() -> None:
    """The preset uses the new name, so that an old name in the config has to override a new one."""
    assert training(preset="cadet").temperatures.infonce == 0.01
    assert training(preset="cadet", temperatures={"contrastive": 0.3}).temperatures.infonce == 0.3
    chosen = training(preset="cadet", variants={"v": {"temperatures": {"contrastive": 0.3}}})
    assert chosen.recipe("v").temperatures == chosen.temperatures.model_copy(update={"infonce": 0.3})


@pytest.mark.parametrize("preset", [None, "cadet"])
def test_contrastive_is_the_old_name_of_the_loss_infonce(preset: str | None) -> None:
    for settings in ({}, {"preset": preset}):
        renamed = training(**settings, losses={"contrastive": 0.3, "listwise": 1})
        assert renamed == training(**settings, losses={"infonce": 0.3, "listwise": 1})
        assert list(renamed.losses.items()) == [("infonce", 0.3), ("listwise", 1.0)]
        variant = training(**settings, variants={"v": {"losses": {"contrastive": 2}}})
        assert variant.recipe("v").losses == {"infonce": 2.0}
    both = {"contrastive": 0.3, "infonce": 0.1}
    assert error_of(losses=both) == f"training: losses: {OLD_NAME.format('contrastive', 'infonce')}"
    assert OLD_NAME.format("contrastive", "infonce") in error_of(variants={"v": {"losses": both}})


def test_frozen_settings_have_only_new_names() -> None:
    old = Recipe.model_validate(
        yaml.safe_load("{losses: {contrastive: 1}, temperatures: {contrastive: 0.1}, negatives: {margin: 0.2}}")
    )
    frozen = old.model_dump(mode="json")
    assert frozen["losses"] == {"infonce": 1.0}
    assert not {"contrastive", "margin"} & {*frozen["losses"], *frozen["temperatures"], *frozen["negatives"]}
    assert Recipe.model_validate(frozen) == old


def test_the_guide_is_used_by_losses_with_negatives_of_the_step() -> None:
    def uses(**keys: Any) -> bool:
        return Recipe.model_validate(keys).uses_guide

    guided = {"guide": "g", "listwise": False}
    assert uses(losses={"contrastive": 1}, negatives=guided)
    assert uses(losses={"infonce": 1}, negatives=guided)
    assert not uses(losses={"listwise": 1}, negatives=guided)
    assert uses(losses={"listwise": 1}, negatives={"guide": "g"})
    assert not uses(losses={"infonce": 1})
