"""vLLM's offline engine as a process that is told its work line by line: python -m listill.queries.engines.vllm_server

It gets JSON lines on standard input: first the options, then blocks of requests. It answers each with a JSON line on
standard output: first the versions, then the answers; or ``{"error": ...}``, and ends. This module runs in vLLM's own
environment: it needs vLLM, and of listill only modules that need nothing.
"""

import json
import os
import sys
import threading
import time
from typing import Any, TextIO

from listill.queries.chat import chat_tokens, check_start

TOO_LONG = "prompt too long"  # as in answers.py, which this environment need not be able to import
LONGEST = 8192
Row = dict[str, Any]


def _end_with_parent() -> None:
    """End this process, and give back the GPU, as soon as the one that started it is gone, killed perhaps."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Engine:
    """The engine, and how it samples."""

    def __init__(self, options: Row) -> None:
        """Load the model. ``options``: those of ``vllm.LLM`` under ``engine``, ``sampling`` and ``template``."""
        from transformers import AutoConfig
        from vllm import LLM
        from vllm.platforms import current_platform

        arguments = options["engine"]
        if arguments.get("max_model_len") is None:
            known = {key: arguments[key] for key in ("revision", "trust_remote_code")}
            config = AutoConfig.from_pretrained(arguments["model"], **known).get_text_config()
            arguments["max_model_len"] = min(LONGEST, getattr(config, "max_position_embeddings", LONGEST))
        if current_platform.is_cpu():
            # A prompt in several pieces and a seed do not go together on the CPU (vLLM 0.32: "does not use offset").
            arguments.setdefault("enable_chunked_prefill", False)
        self.limit = arguments["max_model_len"] - options["sampling"]["max_tokens"]
        if self.limit < 1:
            raise ValueError(f"max_tokens leaves no room for a prompt: the model reads {arguments['max_model_len']}")
        self.sampling, self.template = options["sampling"], options["template"]
        self.llm = LLM(**arguments)
        self.tokenizer = self.llm.get_tokenizer()
        check_start(self.tokenizer, chat_tokens(self.tokenizer, [{"role": "user", "content": "x"}], self.template))

    def fits(self, request: Row) -> bool:
        """Tell whether the prompt leaves room for the answer. A token is a byte at least: short ones are not counted."""
        size = sum(len(message["content"].encode()) for message in request["messages"])
        if size + 1000 <= self.limit:
            return True
        return len(chat_tokens(self.tokenizer, request["messages"], self.template)) <= self.limit

    def outputs(self, requests: list[Row]) -> list[Any]:
        """Return vLLM's outputs for requests that fit."""
        from vllm import SamplingParams

        # Only what is asked for: the sampling that a model's folder suggests is not taken over in silence.
        sampling = [SamplingParams(seed=request["seed"], stop=["\n"], **self.sampling) for request in requests]
        messages = [request["messages"] for request in requests]
        return self.llm.chat(messages, sampling, use_tqdm=False, chat_template_kwargs=self.template)

    def answers(self, requests: list[Row]) -> list[Row]:
        """Return an answer for each request, in their order."""
        fitting = [request for request in requests if self.fits(request)]
        found = {}
        for request, output in zip(fitting, self.outputs(fitting) if fitting else [], strict=True):
            found[request["query_id"]] = {
                "text": output.outputs[0].text,
                "finish_reason": output.outputs[0].finish_reason,
                "prompt_tokens": len(output.prompt_token_ids),
                "cached_tokens": output.num_cached_tokens or 0,
            }
        none = {"text": "", "finish_reason": TOO_LONG}
        names = [request["query_id"] for request in requests]
        return [{"query_id": name, **found.get(name, none)} for name in names]


def serve(lines: TextIO, out: TextIO) -> None:
    """Answer line by line until there are no more."""

    def say(what: Any) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    try:
        engine = Engine(json.loads(lines.readline()))
        import torch
        import transformers
        import vllm

        say({module.__name__: module.__version__ for module in (vllm, torch, transformers)})
        for line in lines:
            say(engine.answers(json.loads(line)))
    except Exception as error:
        say({"error": f"{type(error).__name__}: {error}"})
        raise


if __name__ == "__main__":
    _end_with_parent()
    # One process and one order of events: the same requests give the same answers, and errors are said here.
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed goes where messages go
    serve(sys.stdin, replies)
