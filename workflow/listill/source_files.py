"""Paths in the config. $VARIABLES and ~ are expanded when a path is used, not when the config is read."""

import hashlib
import importlib.util
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
    return [str(file) for file in ([root / name for name in names] if names else [root]) if os.path.exists(file)]


def onnx_files(file: str) -> list[str]:
    """Return an ONNX file and the file beside it that holds the weights if they are larger than 2 GB."""
    return [file, f"{file}_data"]


def in_package(model: str) -> Path | None:
    """Return where ``package:MODULE/PATH`` is, without importing the package; None if it is not installed."""
    module, _, inside = model.removeprefix("package:").partition("/")
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # raised if the parent package of a dotted name is missing
        spec = None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / inside


def model_files(model: str, file: str | None = None) -> list[str]:
    """Return the files that tell that a model has changed, if the model is in a package or a folder that exists.

    ``file`` is the ONNX file in the folder, if the model runs in onnxruntime.

    For a package this is the list of its files with their checksums, which pip writes: it is small enough for Snakemake to
    compare its content, so that a package that is installed again reruns nothing.
    """
    if model.startswith("package:"):
        package = model.partition("/")[0]
        path, root = in_package(model), in_package(package)
        if path is None or root is None:
            return []
        name = package.removeprefix("package:")
        if records := sorted(root.parent.glob(f"{name}-*.dist-info/RECORD")):
            return [str(record) for record in records]
        model = str(path)
    if Path(model).suffix == ".gguf":
        return existing(model)
    names = ["modules.json", "config.json", "model.safetensors", "model.safetensors.index.json"]
    of_modules = Path(os.path.expandvars(os.path.expanduser(model))).glob("*/model.safetensors")
    return [*existing(model, [*names, *onnx_files(file)] if file else names), *sorted(map(str, of_modules))]
