"""vLLM's offline engine (https://docs.vllm.ai), which runs in its own process: see ``vllm_server.py``.

It needs its own process because GPU memory is only released when the process ends, and its own environment because vLLM
pins the versions of torch and transformers.
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
from listill.queries.answers import Answer, blocks, valid
from listill.queries.generators.vllm import Vllm
from listill.queries.requests import Request
from listill.source_files import expand

PACKAGE = Path(__file__).parents[3]
REMEDIES = {
    r"memory|cache blocks|max.model.len": "lower max_model_len or gpu_memory_utilization, or use an idle GPU",
    r"hugging|gated|hub\b|connect": "if the model is gated, request access on the hub and log in; without network, "
    "set model to a local folder",
}


def interpreter(settings: Vllm) -> str:
    """Return the Python interpreter of the environment with vLLM."""
    if settings.python is None:
        return sys.executable
    path = shutil.which(expand(settings.python))
    if path is None:
        raise UserError(f"generation.generator.python: {settings.python}: no such program: set it to an interpreter")
    return path


def options(settings: Vllm) -> dict[str, Any]:
    """Return the options that the engine is started with."""
    engine = {
        "model": folder_or_hub_name(settings.model),
        "revision": settings.revision,
        "trust_remote_code": settings.trust_remote_code,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "max_model_len": settings.max_model_len,
        "load_format": "safetensors",
        "enable_prefix_caching": True,
        "seed": 0,  # the default seed; each request has its own
        **settings.engine,
    }
    sampling = {key: getattr(settings, key) for key in ("temperature", "top_p", "max_tokens")}
    return {"engine": engine, "sampling": sampling, "chat": settings.chat, "template": settings.chat_template_kwargs}


class Process:
    """The process of the engine. Its messages are written to ``log``."""

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
            self.versions = self.send(options(settings))
        except BaseException:
            self.process.kill()
            raise

    def send(self, message: Any) -> Any:
        """Send a message as one line and return the reply."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the reply or the exit status gives the reason
        line = self.process.stdout.readline()
        reply = json.loads(line) if line.endswith("\n") else {"error": self._exit_message()}
        if isinstance(reply, dict) and "error" in reply:
            error = " ".join(reply["error"].split())[:500]
            remedies = [remedy for pattern, remedy in REMEDIES.items() if re.search(pattern, error, re.IGNORECASE)]
            raise UserError("; ".join([f"vllm: {error}", *remedies[:1], f"see the log in {self.log}"]))
        return reply

    def _exit_message(self) -> str:
        status = self.process.wait()
        log_lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        if log_lines and "No module named 'vllm'" in log_lines[-1]:
            return (
                f"{self.python} has no vLLM: set python to an interpreter with vLLM installed, or run with --sdm conda"
            )
        return f"the engine exited with status {status}{f' ({log_lines[-1].strip()})' if log_lines else ''}"

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        if exception_type is not None:
            self.process.kill()
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def message_of(request: Request, chat: bool) -> dict[str, Any]:
    """Return what the engine needs to know about a request."""
    prompt = {"messages": request.messages} if chat else {"text": request.text}
    return {"query_id": request.query_id, "seed": request.seed, **prompt}


def answers(settings: Vllm, requests: list[Request], work: Path, details: dict[str, Any]) -> Iterator[list[Answer]]:
    """Yield the answers in blocks of ``save_every`` requests; the log is written to ``work``."""
    with Process(settings, work / "vllm.log") as engine:
        details["engine"] = engine.versions
        for block in blocks(requests, settings.save_every):
            yield [valid(**row) for row in engine.send([message_of(request, settings.chat) for request in block])]
