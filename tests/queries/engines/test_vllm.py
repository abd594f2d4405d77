"""The vLLM engine in its own process: errors without vLLM, and real runs (mark ``vllm``)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import chat_server
import tiny_chat
import vllm_environment
from chat_server import BROKEN, DROPPED, LIMITED, SLOW
from listill.errors import UserError
from listill.queries.answers import TOO_LONG, Answer
from listill.queries.chat import chat_tokens, plain_tokens
from listill.queries.engines import openai, vllm
from listill.queries.generators.openai import OpenAi
from listill.queries.generators.vllm import Vllm
from listill.queries.requests import Request

REQUESTS = [Request(f"q{i}", f"d{i}", "question", "p", i, "Say " + "word " * (7 * i % 11)) for i in range(24)]


def ask(work: Path, keys: dict[str, Any], requests: list[Request] = REQUESTS) -> dict[str, Answer]:
    details: dict[str, Any] = {}
    answers = {a.query_id: a for batch in vllm.answers(Vllm(**keys), requests, work, details) for a in batch}
    assert details["engine"]["vllm"]
    return answers


def fake(tmp_path: Path, code: str) -> dict[str, Any]:
    """Return a config with a fake interpreter that runs ``code``."""
    script = tmp_path / "python"
    script.write_text(f"#!{sys.executable}\n{code}\n")
    script.chmod(0o755)
    return {"kind": "vllm", "model": "m", "python": str(script)}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "import vllm",
            "python has no vLLM: set python to an interpreter with vLLM installed, or run with --sdm conda",
        ),
        ("import sys; sys.exit('out of luck')", r"the engine exited with status 1 \(out of luck\)"),
        ("import os; os.kill(os.getpid(), 9)", "the engine exited with status -9"),
        (
            'print(\'{"error": "No available memory for the cache blocks."}\')',
            "No available memory .* lower max_model_len",
        ),
    ],
)
def test_an_engine_that_does_not_start(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"^vllm: .*{message}") as caught:
        ask(tmp_path, fake(tmp_path, code))
    assert str(tmp_path / "vllm.log") in str(caught.value)


def test_an_engine_that_exits_during_a_request(tmp_path: Path) -> None:
    code = 'import sys; sys.stdin.readline(); print(\'{"vllm": "1"}\', flush=True); sys.stdin.readline(); sys.exit(3)'
    for save_every in (100, 2):  # a single block, and one that cannot be sent any more
        with pytest.raises(UserError, match="the engine exited with status 3"):
            ask(tmp_path, fake(tmp_path, code) | {"save_every": save_every})


# Replies to each block when it has the next one or the input has ended, with the size of the block as text.
READS_AHEAD = """
import json, sys
sys.stdin.readline()
print('{"vllm": "1"}', flush=True)
block = sys.stdin.readline()
while block:
    following = sys.stdin.readline() if json.loads(block)[-1]["query_id"] != "q23" else ""
    size = str(len(json.loads(block)))
    print(json.dumps([{"query_id": row["query_id"], "text": size} for row in json.loads(block)]), flush=True)
    block = following
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("first", "save_every", "seconds", "sizes"),
    [
        (4, 100, 120.0, [4, 4, 8, 8]),
        (4, 6, 120.0, [4, 4, 6, 6, 4]),
        (1024, 9, 120.0, [9, 9, 6]),
        (4, 100, 0.0, [4] * 6),
        (24, 100, 120.0, [24]),
    ],
)
def test_blocks_are_sent_ahead_and_grow_while_they_are_fast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int, save_every: int, seconds: float, sizes: list[int]
) -> None:
    """The engine does not reply before it has the next block, so without sending ahead this would not end."""
    monkeypatch.setattr(vllm, "FIRST", first)
    monkeypatch.setattr(vllm, "SECONDS", seconds)
    settings = Vllm(**fake(tmp_path, READS_AHEAD), save_every=save_every)
    batches = list(vllm.answers(settings, REQUESTS, tmp_path, {}))
    assert [len(batch) for batch in batches] == sizes
    assert [answer.query_id for batch in batches for answer in batch] == [request.query_id for request in REQUESTS]
    assert all(answer.text == str(len(batch)) for batch in batches for answer in batch)


def test_missing_interpreter_and_model_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"generation\.generator\.python: /nowhere/python: no such program"):
        ask(tmp_path, {"kind": "vllm", "model": "m", "python": "/nowhere/python"})
    with pytest.raises(UserError, match="model /nowhere/model: no such folder"):
        ask(tmp_path, {"kind": "vllm", "model": "/nowhere/model"})


@pytest.mark.parametrize("chat", [True, False])
def test_the_engine_gets_messages_or_a_text(chat: bool) -> None:
    """The server takes the prompt from the key that belongs to ``chat``."""
    prompt = {"messages": REQUESTS[3].messages} if chat else {"text": REQUESTS[3].text}
    assert vllm.message_of(REQUESTS[3], chat) == {"query_id": "q3", "seed": 3, **prompt}
    assert vllm.options(Vllm(kind="vllm", model="m", chat=chat))["chat"] is chat


# --- with real vLLM
# ------------------------------------------------------------------------------------------------------

TOKENS = """
import json, os, sys
replies = os.fdopen(os.dup(1), "w"); os.dup2(2, 1)
from listill.queries.engines.vllm_server import Engine
options, requests = json.loads(sys.stdin.read())
engine = Engine(options)
outputs = engine.outputs(requests, [engine.tokens(request) for request in requests])
replies.write(json.dumps([output.prompt_token_ids for output in outputs]))
"""


@pytest.mark.vllm
@pytest.mark.timeout(600)
@pytest.mark.parametrize("style", ["llama3", "qwen"])
@pytest.mark.parametrize("chat", [True, False])
def test_vllm_gets_the_same_tokens(style: str, chat: bool, tmp_path: Path) -> None:
    """The tokens are those of test_chat.py, with at most one BOS token."""
    model = vllm_environment.model(tmp_path, style)
    options = vllm.options(Vllm(**vllm_environment.generator(model, chat=chat)))
    lines = [vllm.message_of(request, chat) for request in REQUESTS]
    environment = os.environ | vllm_environment.SPACE | {"PYTHONPATH": str(vllm.PACKAGE)}
    line = [vllm_environment.python(), "-c", TOKENS]
    done = subprocess.run(line, input=json.dumps([options, lines]), capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    tokenizer = tiny_chat.make_tokenizer(style)
    template = {"enable_thinking": False}
    expected = [
        chat_tokens(tokenizer, request.messages, template) if chat else plain_tokens(tokenizer, request.text)
        for request in REQUESTS
    ]
    assert json.loads(done.stdout) == expected
    assert {tokens.count(tokenizer.bos_token_id) for tokens in expected} == ({1} if style == "llama3" else {0})


@pytest.mark.vllm
@pytest.mark.timeout(900)
def test_vllm_offline_and_as_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same requests in blocks, all at once, from a server, and from a server with errors."""
    model = vllm_environment.model(tmp_path)
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    long = Request("long", "d", "question", "p", 1, "word " * 2100)
    offline = ask(tmp_path, vllm_environment.generator(model, save_every=5), [*REQUESTS, long])
    assert offline.pop("long") == Answer("long", "", TOO_LONG)
    assert {answer.finish_reason for answer in offline.values()} == {"stop", "length"}
    assert len({answer.text for answer in offline.values()}) > 12
    assert not any("\n" in answer.text for answer in offline.values())
    assert ask(tmp_path, vllm_environment.generator(model)) == offline
    with vllm_environment.serve(model, tmp_path / "serve.log") as url:
        keys: dict[str, Any] = {"model": "tiny", "concurrency": 4, "retries": 4}
        keys["extra"] = {"chat_template_kwargs": {"enable_thinking": False}}

        def served(base_url: str, requests: list[Request], timeout: float) -> dict[str, Answer]:
            settings = OpenAi(kind="openai", base_url=base_url, timeout=timeout, **keys)
            return {a.query_id: a for batch in openai.answers(settings, requests) for a in batch}

        undisturbed = served(url, [*REQUESTS, long], 120)
        assert undisturbed.pop("long") == Answer("long", "", TOO_LONG)
        faults = {1: LIMITED, 4: BROKEN, 7: DROPPED, 10: SLOW, 13: LIMITED}
        with chat_server.serve(faults, chat_server.forward(url), slow=30) as proxy:
            disturbed = served(proxy.url, REQUESTS, 20)
        assert len(proxy.requests) == len(REQUESTS) + len(faults)
        keys["model"] = "another"
        with pytest.raises(UserError, match=r"status 404: .*check base_url .* and model"):
            served(url, REQUESTS[:1], 20)
    for answers in (undisturbed, disturbed):
        assert answers.keys() == offline.keys()
        for name, answer in answers.items():
            expected = offline[name]
            assert (answer.text, answer.finish_reason) == (expected.text, expected.finish_reason)
            assert answer.prompt_tokens == expected.prompt_tokens
