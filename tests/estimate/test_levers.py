from typing import Any

import flow
import pytest
from known_runs import demo

from listill.estimate.levers import best, changes
from listill.frozen import parse
from listill.settings.config import Settings


def settings(**changed: Any) -> Settings:
    data = demo().plan.settings.model_dump(mode="json", exclude_unset=True)
    for key, value in changed.items():
        data = flow.changed(data, key.replace("__", "."), value)
    return parse(Settings, data, "config")


def test_each_lever_changes_its_key() -> None:
    large = settings(
        mining__depth=50,
        mining__consistency={"top": 30},
        generation__passages=None,
        training__seeds=3,
        training__epochs=4,
        training__lists__length=16,
        students__minilm__max_length=256,
    )
    found = {lever.key: (lever, changed) for lever, changed in changes(large)}
    smaller = {key: (lever.value, lever.smaller) for key, (lever, _) in found.items()}
    assert smaller == {
        "mining.depth": (50, 20),
        "generation.passages": ("all", 1000),
        "training.seeds": (3, 1),
        "training.variants": (3, 1),
        "training.lists.length": (16, 8),
        "training.epochs": (4.0, 1.0),
        "students.minilm.max_length": (256, 128),
    }
    for lever, changed in found.values():
        value: Any = changed
        for part in lever.key.split("."):
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        assert (len(value) if lever.key == "training.variants" else value) == lever.smaller
    consistency = found["mining.depth"][1].mining.consistency
    assert consistency.top == 20


def test_a_small_config_has_few_levers() -> None:
    small = settings(mining__depth=10, mining__consistency={"top": 10}, training__variants={"listwise": {}})
    assert [lever.key for lever, _ in changes(small)] == ["generation.passages"]


def test_the_largest_comes_first_and_small_ones_are_left_out() -> None:
    seconds = {"mining.depth": 40.0, "generation.passages": 95.0, "training.variants": 70.0}
    by_changed = {id(changed): lever.key for lever, changed in changes(settings())}
    assert set(by_changed.values()) == set(seconds)

    def remaining(changed: Settings) -> float:
        if changed.mining.depth != 20:
            return seconds["mining.depth"]
        return seconds["generation.passages" if changed.generation.passages != 50 else "training.variants"]

    found = best(settings(), remaining, 100.0)
    assert [(lever.key, lever.seconds) for lever in found] == [("mining.depth", 40.0), ("training.variants", 70.0)]
    assert pytest.approx(0.6) == 1 - found[0].seconds / 100
