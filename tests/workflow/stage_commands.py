"""The stages of a finished run as single commands, what they write, and what must be the same in two runs."""

import hashlib
import itertools
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import flow
import pandas as pd
import pyarrow.parquet as pq

from listill import checksums
from listill.stages.command import _role

# Files whose bytes are the same in two runs. Those of model cards and of lists of checksums depend on the time.
EXACT = (".safetensors", ".onnx", ".jsonl", ".tsv", ".trec")


def commands(folder: Path, settings: dict[str, Any], *targets: str) -> list[list[str]]:
    """Return the command lines of all stages of a run, in the order of their jobs."""
    said = flow.make(folder, settings, *targets, "--forceall", "--dry-run", "--printshellcmds", "--quiet", "host")
    found = re.findall(r"(?:python|\$run) (-m listill\.(?:stages|report)\.[^\n;]+?)(?: 2>[^\n]*)?(?=\n|;)", said)
    lines = [line.split() for line in found]
    return [["python", *(word for each in line for word in _expanded(each, folder))] for line in lines]


def name(line: list[str]) -> str:
    """Return the name of the stage of a command."""
    return line[2].rpartition(".")[2]


def _expanded(word: str, folder: Path) -> list[str]:
    """Return the files that match a word with a star, as the shell does (nullglob)."""
    return [str(path.relative_to(folder)) for path in sorted(folder.glob(word))] if "*" in word else [word]


def outputs(line: list[str], folder: Path) -> list[Path]:
    """Return the outputs of a command."""
    if ".report." in line[2]:
        options = {"--page", "--text"}
    else:
        hints = get_type_hints(import_module(line[2]).run, include_extras=True)
        options = {f"--{name.replace('_', '-')}" for name, hint in hints.items() if _role(hint) == "output"}
    return [folder / value for option, value in itertools.pairwise(line) if option in options]


def remove(paths: list[Path]) -> None:
    """Remove the outputs of a job, as Snakemake does before it starts one and after it failed."""
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def content(path: Path) -> Any:
    """Return what must be the same in two runs: tables without their clock, weights, and that a page is complete."""
    if path.is_dir():
        assert not (path / checksums.SUMS).exists() or checksums.damage(path) is None, checksums.damage(path)
        return {str(file.relative_to(path)): content(file) for file in sorted(path.rglob("*")) if file.is_file()}
    if path.suffix == ".parquet":
        frame = pq.read_table(path).to_pandas().drop(columns="seconds", errors="ignore")
        return pd.util.hash_pandas_object(frame.astype(str)).tolist()
    if path.suffix in EXACT:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return path.read_text().rstrip().endswith("</html>") if path.suffix == ".html" else path.stat().st_size > 0
