"""Models by their names: on the hub, or of a folder."""

import pytest

from listill.known_models import is_one_of


@pytest.mark.parametrize(
    ("model", "patterns", "known"),
    [
        ("org/model", ["org/model"], True),
        ("org/model-base", ["other/x", "org/model-*"], True),
        ("other/model", ["org/model"], False),
        ("org/Model", ["org/model"], False),
        ("/data/models/model", ["org/model"], True),
        ("model", ["org/model"], True),
        ("package:weights/org/model", ["org/model"], True),
        ("/data/models/other", ["org/model*"], False),
        ("org/model", [], False),
    ],
)
def test_is_one_of(model: str, patterns: list[str], known: bool) -> None:
    assert is_one_of(model, patterns) is known
