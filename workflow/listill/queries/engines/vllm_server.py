"""vLLM's offline engine as a process that is controlled with JSON lines: python -m listill.queries.engines.vllm_server

It reads JSON lines from standard input: first the options, then blocks of requests. It replies to each with a JSON line
on standard output: first the versions, then the answers. If an error occurs, it replies with ``{"error": ...}`` and
exits. This module runs in vLLM's own environment, so it only imports vLLM and modules of listill that have no
dependencies.
"""

import json
import os
import sys
import threading
import time
from itertools import compress, count
from typing import Any, TextIO

from listill.ahead import ahead
from listill.queries.chat import chat_tokens, check_start, plain_tokens

TOO_LONG = "prompt too long"  # as in answers.py, which cannot be imported in this environment
LONGEST = 8192
Row = dict[str, Any]


def _exit_with_parent() -> None:
    """Exit, and so release the GPU, as soon as the parent process has ended or was killed."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Engine:
    """The engine with its sampling settings."""

    def __init__(self, options: Row) -> None:
        """Load the model.

        ``options``: ``engine`` (arguments of ``vllm.LLM``), ``sampling``, ``chat`` (false: requests have a ``text`` that
        is continued, instead of ``messages``), and ``template`` (variables of the chat template).
        """
        from transformers import AutoConfig
        from vllm import LLM
        from vllm.platforms import current_platform

        arguments = options["engine"]
        if arguments.get("max_model_len") is None:
            hub_options = {key: arguments[key] for key in ("revision", "trust_remote_code")}
            config = AutoConfig.from_pretrained(arguments["model"], **hub_options).get_text_config()
            arguments["max_model_len"] = min(LONGEST, getattr(config, "max_position_embeddings", LONGEST))
        if current_platform.is_cpu():
            # Chunked prefill does not work with seeds on the CPU (vLLM 0.32: "does not use offset").
            arguments.setdefault("enable_chunked_prefill", False)
        self.limit = arguments["max_model_len"] - options["sampling"]["max_tokens"]
        if self.limit < 1:
            raise ValueError(
                f"max_tokens leaves no room for a prompt: lower it, the maximum length is {arguments['max_model_len']}"
            )
        self.sampling, self.chat, self.template = (options[key] for key in ("sampling", "chat", "template"))
        self.llm = LLM(**arguments)
        self.tokenizer = self.llm.get_tokenizer()
        if self.chat:
            check_start(self.tokenizer, self.tokens({"messages": [{"role": "user", "content": "x"}]}))

    def tokens(self, request: Row) -> list[int]:
        """Return the tokens of a request's prompt."""
        if self.chat:
            return chat_tokens(self.tokenizer, request["messages"], self.template)
        return plain_tokens(self.tokenizer, request["text"])

    def outputs(self, requests: list[Row], prompts: list[list[int]]) -> list[Any]:
        """Return the outputs of vLLM for requests with these tokens, which must fit."""
        from vllm import SamplingParams

        # Only the sampling settings of the config apply, not those in the model's generation_config.json.
        sampling = [SamplingParams(seed=request["seed"], stop=["\n"], **self.sampling) for request in requests]
        return self.llm.generate([{"prompt_token_ids": tokens} for tokens in prompts], sampling, use_tqdm=False)

    def answers(self, requests: list[Row], prompts: list[list[int]]) -> list[Row]:
        """Return an answer for each request, in the same order; ``prompts`` are their tokens."""
        fits = [len(tokens) <= self.limit for tokens in prompts]
        fitting = list(compress(requests, fits))
        outputs = self.outputs(fitting, list(compress(prompts, fits))) if fitting else []
        answers = {}
        for request, output in zip(fitting, outputs, strict=True):
            answers[request["query_id"]] = {
                "text": output.outputs[0].text,
                "finish_reason": output.outputs[0].finish_reason,
                "prompt_tokens": len(output.prompt_token_ids),
                "cached_tokens": output.num_cached_tokens or 0,
            }
        too_long = {"text": "", "finish_reason": TOO_LONG}
        query_ids = [request["query_id"] for request in requests]
        return [{"query_id": query_id, **answers.get(query_id, too_long)} for query_id in query_ids]


def serve(lines: TextIO, out: TextIO) -> None:
    """Reply to each line until the input ends.

    The next line is read, and its prompts are tokenised, in a thread while the engine answers the last one.
    """

    def reply(message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    def block(_: int) -> tuple[list[Row], list[list[int]]] | None:
        line = lines.readline()
        if not line:
            return None
        requests = json.loads(line)
        return requests, [engine.tokens(request) for request in requests]

    try:
        engine = Engine(json.loads(lines.readline()))
        import torch
        import transformers
        import vllm

        reply({module.__name__: module.__version__ for module in (vllm, torch, transformers)})
        for received in ahead(block, count()):
            if received is None:
                break
            reply(engine.answers(*received))
    except Exception as error:
        reply({"error": f"{type(error).__name__}: {error}"})
        raise


if __name__ == "__main__":
    _exit_with_parent()
    # With a single process, the same requests give the same answers, and errors are raised in this process.
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # other output to stdout goes to stderr
    serve(sys.stdin, replies)
