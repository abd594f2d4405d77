"""vLLM's offline engine (https://docs.vllm.ai), in a process of its own: see ``vllm_server.py``.

Its own process, since its memory on the GPU is only given back when it ends; its own environment, since it fixes
versions of torch and transformers.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from listill.errors import UserError
from listill.models.locate import folder_or_hub_name
from listill.queries.answers import Answer, blocks
from listill.queries.generators.vllm import Vllm
from listill.queries.requests import Request
from listill.source_files import expand

PACKAGE = Path(__file__).parents[3]
REMEDIES = {
    r"memory|cache blocks|max.model.len": "lower max_model_len or gpu_memory_utilization, or take a GPU that nobody uses",
    r"hugging|gated|hub\b|connect": "if it is gated, ask for access and log in; without network, give the folder of a copy",
}


def interpreter(settings: Vllm) -> str:
    """Return the Python that has vLLM."""
    if settings.python is None:
        return sys.executable
    path = shutil.which(expand(settings.python))
    if path is None:
        raise UserError(f"generation.generator.python: {settings.python}: no such program")
    return path


def options(settings: Vllm) -> dict[str, Any]:
    """Return what the engine is started with."""
    engine = {
        "model": folder_or_hub_name(settings.model),
        "revision": settings.revision,
        "trust_remote_code": settings.trust_remote_code,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "max_model_len": settings.max_model_len,
        "load_format": "safetensors",
        "enable_prefix_caching": True,
        "seed": 0,  # of whatever has no seed of its own; requests have one
        **settings.engine,
    }
    sampling = {key: getattr(settings, key) for key in ("temperature", "top_p", "max_tokens")}
    return {"engine": engine, "sampling": sampling, "template": settings.chat_template_kwargs}


class Process:
    """The engine's process. What it says for people goes to ``log``."""

    def __init__(self, settings: Vllm, log: Path) -> None:
        self.python, self.log = interpreter(settings), log
        path = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
        with open(log, "w") as messages:
            self.process = subprocess.Popen(
                [self.python, "-m", "listill.queries.engines.vllm_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                env=os.environ | {"PYTHONPATH": path},
                text=True,
            )
        try:
            self.versions = self.tell(options(settings))
        except BaseException:
            self.process.kill()
            raise

    def tell(self, what: Any) -> Any:
        """Send a line and return the answer to it."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it says why, or its end does
        line = self.process.stdout.readline()
        reply = json.loads(line) if line.endswith("\n") else {"error": self._end()}
        if isinstance(reply, dict) and "error" in reply:
            said = " ".join(reply["error"].split())[:500]
            remedies = [remedy for pattern, remedy in REMEDIES.items() if re.search(pattern, said, re.IGNORECASE)]
            raise UserError("; ".join([f"vllm: {said}", *remedies[:1], f"all that it said is in {self.log}"]))
        return reply

    def _end(self) -> str:
        status = self.process.wait()
        said = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        if said and "No module named 'vllm'" in said[-1]:
            return f"{self.python} has no vLLM: let python name one that has, or run with --sdm conda"
        return f"it ended with status {status}{f' ({said[-1].strip()})' if said else ''}"

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        if kind is not None:
            self.process.kill()
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def answers(settings: Vllm, requests: list[Request], work: Path, details: dict[str, Any]) -> Iterator[list[Answer]]:
    """Yield the answers in blocks of ``save_every`` requests; their log lies in ``work``."""
    with Process(settings, work / "vllm.log") as engine:
        details["engine"] = engine.versions
        for block in blocks(requests, settings.save_every):
            lines = [{"query_id": one.query_id, "seed": one.seed, "messages": one.messages} for one in block]
            yield [Answer(**row) for row in engine.tell(lines)]
