"""The stages of a finished run, one by one, in processes that are forked from one with all libraries loaded.

They start in milliseconds, so that a stage can be run, stopped and limited often.
"""

import itertools
import multiprocessing
import os
import re
import resource
import runpy
import shutil
import signal
import sys
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, get_type_hints

import flow
import pandas as pd
import pyarrow.parquet as pq
import pytest

from listill.stages.command import _role

PRELOADED = [
    *("pandas", "pyarrow.parquet", "torch", "transformers", "sentence_transformers", "faiss", "bm25s", "forked_stage"),
    *("listill.plan", "listill.tables", "listill.retrieval.encoder", "listill.training.loop", "listill.report.page"),
]


def _run(line: list[str], folder: Path, said: Path, largest: int | None) -> None:
    """Run the command ``python -m MODULE ARGUMENTS``, with what it says in the file ``said``."""
    os.setsid()
    os.chdir(folder)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as `python -m` of a stage does
    sys.argv = [line[2], *line[3:]]
    sys.modules.pop(line[2], None)  # runpy warns about a module that is imported already
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    runpy.run_module(line[2], run_name="__main__", alter_sys=True)


def start(line: list[str], folder: Path, said: Path, largest: int | None = None) -> ForkServerProcess:
    """Start a stage in ``folder``; ``line`` is its command line, ``python -m MODULE ARGUMENTS``.

    ``said`` is where its messages go. ``largest`` is the size that a file may have, in bytes: it stands for a full disk.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=_run, args=(line, folder, said, largest))
    with pytest.MonkeyPatch.context() as patch:  # until Python 3.12, the server does not get sys.path
        patch.setenv("PYTHONPATH", os.pathsep.join([str(flow.ROOT / "workflow"), str(Path(__file__).parent)]))
        process.start()
    return process


def commands(folder: Path, settings: dict[str, Any]) -> list[list[str]]:
    """Return the command lines of all stages of a run, in the order of their jobs."""
    said = flow.make(folder, settings, "--forceall", "--dry-run", "--printshellcmds", "--quiet", "host")
    lines = [line.split() for line in re.findall(r"(?:python|\$run) (-m listill\.stages\.[^\n;]+)", said)]
    pattern = "results/tiny/benchmarks/*.tsv"  # the shell replaces it
    benchmarks = [str(path.relative_to(folder)) for path in sorted(folder.glob(pattern))]
    return [
        ["python", *(word for each in line for word in (benchmarks if each == pattern else [each]))] for line in lines
    ]


def outputs(line: list[str], folder: Path) -> list[Path]:
    """Return the outputs of a command."""
    hints = get_type_hints(import_module(line[2]).run, include_extras=True)
    options = {f"--{name.replace('_', '-')}" for name, hint in hints.items() if _role(hint) == "output"}
    return [folder / value for option, value in itertools.pairwise(line) if option in options]


def remove(paths: list[Path]) -> None:
    """Remove the outputs of a job, as Snakemake does before it starts one and after it failed."""
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def content(path: Path) -> Any:
    """Return what must be the same in two runs: tables without their clock, weights, and that there is a page."""
    if path.is_dir():
        return [content(path / "history.parquet"), (path / "model.safetensors").read_bytes()]
    if path.suffix != ".parquet":
        return path.stat().st_size > 1000
    frame = pq.read_table(path).to_pandas().drop(columns="seconds", errors="ignore")
    return pd.util.hash_pandas_object(frame.astype(str)).tolist()
