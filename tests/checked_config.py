"""The smallest config, and the messages of faulty ones."""

from typing import Any

import pytest

from listill.errors import UserError
from listill.frozen import parse
from listill.settings.config import Settings


def config(**blocks: Any) -> dict[str, Any]:
    """Return the smallest config, with further blocks."""
    return {"corpora": {"c": {"source": {"kind": "beir", "path": "x"}}}, "students": {"s": {"model": "m"}}} | blocks


def parsed(**blocks: Any) -> Settings:
    """Return the smallest config, with further blocks, as settings."""
    return parse(Settings, config(**blocks), "config.yaml")


def fault(data: dict[str, Any]) -> str:
    """Return the message that refuses a config."""
    with pytest.raises(UserError) as caught:
        parse(Settings, data, "config.yaml")
    return str(caught.value)
