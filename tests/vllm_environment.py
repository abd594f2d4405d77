"""The environment that has vLLM, and a tiny model that its attention takes: for tests marked ``vllm``."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import tiny_chat

# A gigabyte of key-value cache, no compilation, and float32, so that batches do not matter.
SPACE = {"VLLM_CPU_KVCACHE_SPACE": "1"}
ENGINE: dict[str, Any] = {"enforce_eager": True, "dtype": "float32"}

# The command "vllm", which asks for the version of a package named vllm; vllm-cpu has another name.
VLLM = """
import importlib.metadata as metadata, sys
version = metadata.version
metadata.version = lambda name: version("vllm-cpu") + "+cpu" if name == "vllm" else version(name)
from vllm.entrypoints.cli.main import main
sys.exit(main())
"""


def python() -> str:
    """Return the interpreter; without one the test fails, since it was asked for by its mark."""
    found = os.environ.get("LISTILL_VLLM_PYTHON")
    if not found:
        pytest.fail("LISTILL_VLLM_PYTHON does not name a Python that has vLLM: run make test-vllm")
    return found


def model(folder: Path, style: str = "llama3") -> Path:
    """Save a tiny chat model for vLLM and return its folder."""
    return tiny_chat.make_chat_model(folder / f"{style}-256", style, hidden=256)


def generator(model: Path, **keys: Any) -> dict[str, Any]:
    """Return the config of a vLLM generator."""
    found = {"kind": "vllm", "model": str(model), "python": python(), "engine": ENGINE, "gpu_memory_utilization": 0.3}
    return found | keys


@contextmanager
def serve(model: Path, log: Path) -> Iterator[str]:
    """Run vLLM's server on loopback until the block ends; yield its base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [python(), "-c", VLLM, "serve", str(model), "--served-model-name", "tiny", "--enforce-eager"]
    line += ["--dtype", "float32", "--host", "127.0.0.1", "--port", str(port), "--max-model-len", "2048"]
    # Not the sampling that the model's folder suggests: what a request does not say would be taken from there.
    line += ["--generation-config", "vllm"]
    with open(log, "w") as messages:
        process = subprocess.Popen(
            line, stdout=messages, stderr=messages, env=os.environ | SPACE | {"HF_HUB_OFFLINE": "1"}
        )
    try:
        for _ in range(300):
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
                yield f"http://127.0.0.1:{port}/v1"
                return
            except OSError:
                time.sleep(1)
        pytest.fail(f"vLLM's server did not start: {log.read_text()[-2000:]}")
    finally:
        process.terminate()
        process.wait()
