"""The settings of models that read pairs."""

import pytest

from listill.models.model_settings import ModelSettings


def test_the_default_backend_is_torch() -> None:
    assert ModelSettings(kind="x", model="m").backend == "torch"


def test_an_unknown_backend_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'torch'"):
        ModelSettings(kind="x", model="m", backend="abacus")
