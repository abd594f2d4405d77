"""The process that runs vLLM, without vLLM itself."""

import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from listill.queries.engines import vllm_server
from listill.queries.engines.vllm_server import TOO_LONG, Engine, serve


def test_the_engine_imports_no_dependencies() -> None:
    """vLLM's environment has no pandas, pydantic or Snakemake."""
    code = "import sys; import listill.queries.engines.vllm_server as _; "
    code += "print(sorted(m for m in sys.modules if m in sys.argv[1:]))"
    line = [sys.executable, "-c", code, "pandas", "pyarrow", "pydantic", "numpy", "yaml", "torch", "snakemake"]
    assert subprocess.run(line, capture_output=True, text=True).stdout == "[]\n"


def test_the_engine_exits_with_its_parent(tmp_path: Path) -> None:
    """A stage that is killed must not leave a process on the GPU."""
    child = "from listill.queries.engines import vllm_server as e; import time; e._exit_with_parent(); time.sleep(60)"
    code = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {child!r}]); "
    parent = subprocess.Popen(
        [sys.executable, "-c", f"{code}print(p.pid, flush=True); time.sleep(60)"], stdout=-1, text=True
    )
    assert parent.stdout
    engine = Path("/proc") / parent.stdout.readline().strip()
    time.sleep(0.5)
    assert engine.exists()
    parent.kill()
    parent.wait()
    for _ in range(100):
        state = (engine / "stat").read_text().rpartition(")")[2].split()[0] if engine.exists() else "gone"
        if state in ("gone", "Z"):
            return
        time.sleep(0.1)
    pytest.fail("the engine is still running")


class Echo(Engine):
    """Answers with the request's number; a prompt has a token per character, and more than 9 do not fit."""

    limit = 9

    def __init__(self, options: dict[str, Any]) -> None:
        if "fault" in options:
            raise ValueError(options["fault"])

    def tokens(self, request: dict[str, Any]) -> list[int]:
        return list(range(len(request["messages"][0]["content"])))

    def outputs(self, requests: list[dict[str, Any]], prompts: list[list[int]]) -> list[Any]:
        assert [len(tokens) for tokens in prompts] == [len(one["messages"][0]["content"]) for one in requests]
        return [
            SimpleNamespace(
                outputs=[SimpleNamespace(text=f"seed {request['seed']}", finish_reason="stop")],
                prompt_token_ids=[1, 2, 3],
                num_cached_tokens=None,
            )
            for request in requests
        ]


def request(name: str, seed: int, text: str = "short") -> dict[str, Any]:
    return {"query_id": name, "seed": seed, "messages": [{"role": "user", "content": text}]}


def replies(lines: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the replies of the process to these lines."""
    monkeypatch.setattr(vllm_server, "Engine", Echo)
    fake = ModuleType("vllm")
    fake.__version__ = "0.0"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", fake)
    out = io.StringIO()
    try:
        serve(io.StringIO("".join(json.dumps(line) + "\n" for line in lines)), out)
    finally:
        received = [json.loads(line) for line in out.getvalue().splitlines()]
    return received


def test_the_versions_are_followed_by_one_line_per_block(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [[request("b", 2), request("a", 1)], [request("c", 3)]]
    versions, first, second = replies([{}, *blocks], monkeypatch)
    assert versions["vllm"] == "0.0"
    assert versions.keys() == {"vllm", "torch", "transformers"}
    row = {"finish_reason": "stop", "prompt_tokens": 3, "cached_tokens": 0}
    assert first == [{"query_id": "b", "text": "seed 2"} | row, {"query_id": "a", "text": "seed 1"} | row]
    assert second == [{"query_id": "c", "text": "seed 3"} | row]


def test_a_prompt_that_is_too_long_does_not_affect_others(monkeypatch: pytest.MonkeyPatch) -> None:
    _, answers = replies([{}, [request("long", 1, "x" * 10), request("a", 1)]], monkeypatch)
    assert answers[0] == {"query_id": "long", "text": "", "finish_reason": TOO_LONG}
    assert answers[1]["text"] == "seed 1"
    assert replies([{}, [request("long", 1, "x" * 10)]], monkeypatch)[1] == answers[:1]


def test_an_error_is_a_reply(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(vllm_server, "Engine", Echo)
    out = io.StringIO()
    with pytest.raises(ValueError, match="no memory"):
        serve(io.StringIO('{"fault": "no memory"}\n'), out)
    assert json.loads(out.getvalue()) == {"error": "ValueError: no memory"}


def test_the_next_block_is_tokenised_while_the_engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine waits for the tokens of the next block; an error in a block is the reply to it."""
    tokenised = [threading.Event() for _ in range(3)]
    tokens, outputs = Echo.tokens, Echo.outputs

    def recorded(engine: Echo, one: dict[str, Any]) -> list[int]:
        assert threading.current_thread() is not threading.main_thread()
        tokenised[one["seed"]].set()
        return tokens(engine, one)

    def waiting(engine: Echo, requests: list[dict[str, Any]], prompts: list[list[int]]) -> list[Any]:
        assert tokenised[min(requests[0]["seed"] + 1, 2)].wait(10)
        return outputs(engine, requests, prompts)

    monkeypatch.setattr(Echo, "tokens", recorded)
    monkeypatch.setattr(Echo, "outputs", waiting)
    blocks = [[request(name, seed)] for seed, name in enumerate("abc")]
    _, *answers = replies([{}, *blocks], monkeypatch)
    assert [rows[0]["text"] for rows in answers] == ["seed 0", "seed 1", "seed 2"]
    monkeypatch.setattr(Echo, "tokens", lambda engine, one: tokens(engine, one)[: 9 // (1 - one["seed"])])
    with pytest.raises(ZeroDivisionError):
        replies([{}, *blocks], monkeypatch)


class Letters:
    """A tokenizer whose tokens are the characters of the text."""

    chat_template = "yes"
    bos_token_id = None

    def __init__(self) -> None:
        self.templates: list[dict[str, Any]] = []

    def apply_chat_template(
        self, messages: list[dict[str, str]], tokenize: bool, add_generation_prompt: bool, **template: Any
    ) -> str:
        assert not tokenize
        assert add_generation_prompt
        self.templates.append(template)
        return messages[0]["content"]

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": list(range(len(text)))}


class Recorder:
    """Stands in for vllm.LLM and records how it is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def generate(self, prompts: Any, sampling: Any, **keys: Any) -> list[Any]:
        self.calls.append(("generate", prompts, keys))
        return []


def test_a_plain_text_is_continued_and_messages_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ModuleType("vllm")
    fake.SamplingParams = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", fake)
    engine = Engine.__new__(Engine)
    engine.sampling, engine.template, engine.tokenizer, engine.llm = {}, {"x": 1}, Letters(), Recorder()
    chat, plain = request("a", 1, "abc"), {"query_id": "a", "seed": 1, "text": "abc"}
    for engine.chat, one in ((True, chat), (False, plain)):
        engine.outputs([one], [engine.tokens(one)])
    assert engine.llm.calls == [("generate", [{"prompt_token_ids": [0, 1, 2]}], {"use_tqdm": False})] * 2
    assert engine.tokenizer.templates == [{"x": 1}]
