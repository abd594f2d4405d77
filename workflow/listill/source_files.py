"""Paths in the config. $VARIABLES and ~ are expanded when a path is used, not when the config is read."""

import hashlib
import os
import re
from pathlib import Path

from listill.errors import UserError


def expand(path: str) -> Path:
    """Return the path with variables expanded; a UserError names a variable that is not set."""
    expanded = os.path.expandvars(os.path.expanduser(path))
    if unset := re.search(r"\$\{?(\w+)", expanded):
        what = " to the folder that holds the data" if unset[1] == "LISTILL_DATA" else ""
        raise UserError(f"{path}: the variable {unset[1]} is not set: set {unset[1]}{what}, or give the path")
    return Path(expanded)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def existing(path: str, names: list[str] | None = None) -> list[str]:
    """Return ``path``, or the files of these names below it, as far as they exist."""
    root = Path(os.path.expandvars(os.path.expanduser(path)))
    return [str(file) for file in ([root / name for name in names] if names else [root]) if file.exists()]


def model_files(model: str) -> list[str]:
    """Return the files that tell that a model folder has changed, if the model is a folder that exists."""
    return existing(model, ["modules.json", "config.json", "model.safetensors", "model.safetensors.index.json"])
