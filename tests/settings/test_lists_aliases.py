"""Old names of keys and values in training.lists."""

from typing import Any

import pytest

from listill.settings.lists import Lists


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"own": {"s": "t"}}, {"candidates_from": {"s": "t"}}),
        ({"retrievers": "own"}, {"retrievers": "student"}),
        ({"own": {"s": "t"}, "retrievers": "own", "length": 5}, {"candidates_from": {"s": "t"}, "length": 5}),
    ],
)
def test_old_names_are_equivalent_to_new_names(old: dict[str, Any], new: dict[str, Any]) -> None:
    by_old, by_new = Lists.model_validate(old), Lists.model_validate(new)
    assert by_old == by_new
    assert by_old.model_dump() == by_new.model_dump()
    assert by_old.model_fields_set >= by_new.model_fields_set


def test_both_names_together_are_an_error() -> None:
    with pytest.raises(ValueError, match="'own' is the old name of 'candidates_from': remove one of the two"):
        Lists.model_validate({"own": {"s": "t"}, "candidates_from": {"s": "t"}})


def test_other_values_are_not_renamed() -> None:
    assert Lists(retrievers="all").retrievers == "all"
    with pytest.raises(ValueError, match=r"retrievers[\s\S]*'student' or 'all'"):
        Lists.model_validate({"retrievers": "owns"})
