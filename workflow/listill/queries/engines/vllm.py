"""vLLM's offline engine (https://docs.vllm.ai), which runs in its own process: see ``vllm_server.py``.

It needs its own process because GPU memory is only released when the process ends, and its own environment because vLLM
pins the versions of torch and transformers.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from listill.errors import UserError
from listill.models.locate import folder_or_hub_name
from listill.queries.answers import Answer, valid
from listill.queries.generators.vllm import Vllm
from listill.queries.requests import Request
from listill.source_files import expand

PACKAGE = Path(__file__).parents[3]
# Number of requests of the first block, and how long a block should take at most.
FIRST, SECONDS = 1024, 120.0
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
            self.send(options(settings))
            self.versions = self.reply()
        except BaseException:
            self.process.kill()
            raise

    def send(self, message: Any) -> None:
        """Send a message as one line."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # the reply or the exit status gives the reason
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def reply(self) -> Any:
        """Return the reply to the first message that has had none."""
        assert self.process.stdout
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
        with contextlib.suppress(BrokenPipeError):
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
    """Yield the answers in blocks of at most ``save_every`` requests; the log is written to ``work``.

    At the end of a block, fewer and fewer requests share the engine, so blocks should be large; an interruption loses one
    block, so they should not take long. They begin with ``FIRST`` requests and are doubled as long as they take less than
    half of ``SECONDS``. The next block is sent before the reply to the last one, so that the engine need not wait.
    """
    with Process(settings, work / "vllm.log") as engine:
        details["engine"] = engine.versions
        size, sent, waiting, begun = min(FIRST, settings.save_every), 0, 0, time.monotonic()
        while sent < len(requests) or waiting:
            if sent < len(requests) and waiting < 2:
                block = requests[sent : sent + size]
                engine.send([message_of(request, settings.chat) for request in block])
                sent, waiting = sent + len(block), waiting + 1
                continue
            yield [valid(**row) for row in engine.reply()]
            waiting -= 1
            if time.monotonic() - begun < SECONDS / 2:
                size = min(2 * size, settings.save_every)
            begun = time.monotonic()
