"""The process that runs vLLM, without vLLM itself."""

import io
import json
import subprocess
import sys
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
    """Answers with the request's number; prompts of more than 9 characters do not fit."""

    def __init__(self, options: dict[str, Any]) -> None:
        if "fault" in options:
            raise ValueError(options["fault"])

    def fits(self, request: dict[str, Any]) -> bool:
        return len(request["messages"][0]["content"]) < 10

    def outputs(self, requests: list[dict[str, Any]]) -> list[Any]:
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


@pytest.mark.parametrize(("characters", "limit", "fits"), [(5, 5, True), (6, 5, False), (5, 100, True)])
def test_tokens_are_only_counted_for_long_prompts(characters: int, limit: int, fits: bool) -> None:
    engine = Engine.__new__(Engine)
    engine.limit = limit
    engine.chat, engine.template = True, {}
    engine.tokenizer = Letters()
    assert engine.fits(request("q", 1, "x" * characters)) is fits


class Letters:
    """A tokenizer whose tokens are the characters of the text."""

    chat_template = "yes"
    bos_token_id = None

    def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> str:
        return messages[0]["content"]

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": list(range(len(text)))}


class Recorder:
    """Stands in for vllm.LLM and records how it is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def chat(self, messages: Any, sampling: Any, **keys: Any) -> list[Any]:
        self.calls.append(("chat", messages, keys))
        return []

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
    engine.chat = True
    engine.outputs([chat])
    engine.chat, engine.limit = False, 2
    engine.outputs([plain])
    assert not engine.fits(plain)
    assert engine.llm.calls == [
        ("chat", [chat["messages"]], {"use_tqdm": False, "chat_template_kwargs": {"x": 1}}),
        ("generate", [{"prompt_token_ids": [0, 1, 2]}], {"use_tqdm": False}),
    ]
