"""Stages in processes that are forked from one with all libraries loaded.

They start in milliseconds, so that a stage can be run, stopped and limited often. Loading torch and its relatives takes
most of the time of a tiny stage that is a process of its own.
"""

import multiprocessing
import os
import resource
import runpy
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

WORKFLOW = Path(__file__).parents[2] / "workflow"
PRELOADED = [
    *("pandas", "pyarrow.parquet", "torch", "transformers", "sentence_transformers", "faiss", "bm25s", "forked_stage"),
    *("stage_signals", "snakemake.cli", "snakemake.api", "snakemake.workflow"),
    *("listill.plan", "listill.tables", "listill.retrieval.encoder", "listill.training.loop", "listill.report.page"),
]
STARTING = threading.Lock()
# Constants of modules that all stages get instead of their own, such as {"listill.teachers.parts.PART": 64}: a tiny corpus
# then has several parts.
CONSTANTS: dict[str, int] = {}
# Functions of modules that take longer in all stages, and by how many seconds: there is more time between two parts.
SLOWED: dict[str, float] = {}


def _run(
    line: list[str],
    folder: Path,
    said: Path,
    largest: int | None,
    environment: Mapping[str, str],
    constants: Mapping[str, int],
    slowed: Mapping[str, float],
) -> None:
    """Run the command ``python -m MODULE ARGUMENTS`` (or ``-c PROGRAM``), with what it says in the file ``said``."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = [line[2], *line[3:]]
    # The families find members outside the package when they are imported; and runpy warns about a module that is
    # imported already.
    for name in [name for name in sys.modules if name.startswith("listill")]:
        if "LISTILL_MEMBERS" in environment or name == line[2]:
            del sys.modules[name]
    for name, value in constants.items():
        module, _, constant = name.rpartition(".")
        setattr(import_module(module), constant, value)
    for name, seconds in slowed.items():
        module, _, function = name.rpartition(".")
        setattr(import_module(module), function, _slow(getattr(import_module(module), function), seconds))
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    if line[1] == "-c":
        exec(line[2], {"__name__": "__main__"})
    else:
        runpy.run_module(line[2], run_name="__main__", alter_sys=True)


def _slow(function: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    def slower(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        time.sleep(seconds)
        return result

    return slower


def start(
    line: list[str],
    folder: Path,
    said: Path,
    largest: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> ForkServerProcess:
    """Start a stage in ``folder``; ``line`` is its command line, ``python -m MODULE ARGUMENTS`` (or ``-c PROGRAM``).

    ``said`` is where its messages go. ``largest`` is the size that a file may have, in bytes: it stands for a full disk.
    ``environment`` is that of the tests unless it is given.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(
        target=_run, args=(line, folder, said, largest, dict(environment or os.environ), dict(CONSTANTS), dict(SLOWED))
    )
    with STARTING, pytest.MonkeyPatch.context() as patch:  # until Python 3.12, the server does not get sys.path
        patch.setenv("PYTHONPATH", os.pathsep.join([str(WORKFLOW), str(Path(__file__).parent)]))
        process.start()
    return process


def ended(process: ForkServerProcess, timeout: float | None = None) -> bool:
    """Wait for a stage, at most ``timeout`` seconds; tell whether it has ended. Then its exit status can be read.

    The start of a process asks for the status of all others, which can be read only once: of two threads, one would get
    255.
    """
    if not wait([process.sentinel], timeout):
        return False
    with STARTING:
        process.join()
    return True


def run(
    line: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a stage, or Snakemake, to its end (see ``start``); all that it says is in ``stderr``."""
    with tempfile.NamedTemporaryFile("r") as said:
        process = start(line, folder, Path(said.name), environment=environment)
        ended(process)
        return subprocess.CompletedProcess(line, process.exitcode or 0, "", said.read())
