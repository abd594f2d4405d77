"""The block ``export`` of the config: formats, systems and licence."""

import pytest

from checked_config import config, fault, parsed
from listill.families import names

SEEDS = {"training": {"seeds": 2, "variants": {"one": {"losses": {"listwise": 1}}, "two": {"losses": {"infonce": 1}}}}}


def test_all_formats_and_the_first_seed_of_each_system_are_exported_by_default() -> None:
    settings = parsed(**SEEDS)
    assert settings.export.chosen_formats == names("formats")
    assert settings.exported_on("c") == [("s", "one"), ("s", "two")]
    assert settings.export.licence is None


def test_chosen_formats_and_systems() -> None:
    settings = parsed(**SEEDS, export={"formats": ["beir"], "systems": ["s.two-seed2"], "licence": "mit"})
    assert settings.export.chosen_formats == ["beir"]
    assert settings.exported_on("c") == [("s", "two-seed2")]


@pytest.mark.parametrize(
    ("export", "message"),
    [
        (
            {"formats": ["tevatrn"]},
            "export.formats.0: unknown format 'tevatrn' (did you mean 'tevatron'?); known formats: beir",
        ),
        ({"formats": ["beir", "beir"]}, "'beir' stands in the list twice"),
        ({"systems": ["s.tow"]}, "export.systems: no trained system 's.tow'"),
        ({"licence": " "}, "export.licence: should not be empty"),
    ],
)
def test_faults(export: dict[str, object], message: str) -> None:
    assert message in fault(config(**SEEDS, export=export))
