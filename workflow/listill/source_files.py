"""Paths in the config: $VARIABLES and ~ are replaced when they are used, not when the config is read."""

import os
import re
from pathlib import Path

from listill.errors import UserError


def expand(path: str, setting: str) -> Path:
    """Return the path with variables replaced; a UserError names a variable that is not set."""
    expanded = os.path.expandvars(os.path.expanduser(path))
    if unset := re.search(r"\$\{?(\w+)", expanded):
        raise UserError(f"{setting}: {path}: set {unset[1]} in the environment, or give the path itself")
    return Path(expanded)


def existing(path: str, names: list[str] | None = None) -> list[str]:
    """Return ``path``, or the files of these names below it, as far as they are there."""
    root = Path(os.path.expandvars(os.path.expanduser(path)))
    return [str(file) for file in ([root / name for name in names] if names else [root]) if file.exists()]
