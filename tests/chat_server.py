"""A server with the chat completions and the completions API that can return errors for selected requests."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = str | tuple[int, dict[str, str], str]
LIMITED: Fault = (429, {"Retry-After": "1"}, '{"error": {"message": "slow down"}}')
BROKEN: Fault = (500, {}, "internal error")
DROPPED, HALVED, SLOW = "dropped", "halved", "slow"


def echo(request: dict[str, Any]) -> dict[str, Any]:
    """Return an answer that only depends on the request."""
    prompt = request["prompt"] if "prompt" in request else request["messages"][0]["content"]
    text = f"{request['model']} {request['seed']} {prompt[-20:]}"
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    return {"choices": [choice], "usage": usage}


def complete(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the completions API that corresponds to ``echo``."""
    data = echo(request)
    return data | {
        "choices": [{"text": choice["message"]["content"], "finish_reason": "stop"} for choice in data["choices"]]
    }


def forward(url: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that forwards requests to a real server."""

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(request).encode()
        message = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(message, timeout=120) as reply:
            return json.load(reply)

    return ask


@dataclass
class Chat:
    """The state of the server: its URL, the received requests, and the fault of each request (from 0)."""

    faults: dict[int, Fault]
    answer: Callable[[dict[str, Any]], dict[str, Any]]
    delay: float
    together: int = 1
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    most: int = 0
    _now: int = 0
    _lock: threading.Condition = field(default_factory=threading.Condition)

    def enter(self, request: dict[str, Any], path: str, headers: dict[str, str]) -> Fault | None:
        """Record a request and return its fault."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
            self.paths.append(path)
            self.headers.append(headers)
            self.times.append(time.monotonic())
            self._now += 1
            self.most = max(self.most, self._now)
            self._lock.notify_all()
            self._lock.wait_for(lambda: self.most >= self.together, timeout=20)
            return self.faults.get(number, self.faults.get(-1))

    def leave(self) -> None:
        """Record that a request is finished."""
        with self._lock:
            self._now -= 1


@contextmanager
def serve(
    faults: dict[int, Fault] | None = None,
    answer: Callable[[dict[str, Any]], dict[str, Any]] = echo,
    delay: float = 0.0,
    slow: float = 15.0,
    together: int = 1,
) -> Iterator[Chat]:
    """Run the server on the loopback interface.

    ``faults``: by number of the request; -1 is the default for all others. ``slow``: seconds before a SLOW request is
    closed. ``together``: the number of concurrent requests that the server waits for before it answers.
    """
    chat = Chat(faults or {}, answer, delay, together)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def reply(self, status: int, body: str, headers: dict[str, str], promised: int = 0) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode()) + promised))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fault = chat.enter(request, self.path, dict(self.headers))
            try:
                time.sleep(chat.delay)
                if self.path not in ("/v1/chat/completions", "/v1/completions"):
                    self.reply(404, "not here", {})
                elif fault == DROPPED:
                    self.close_connection = True
                elif fault == HALVED:
                    self.reply(200, '{"choices": [', {}, promised=50)
                    self.close_connection = True
                elif fault == SLOW:
                    time.sleep(slow)
                    self.close_connection = True
                elif isinstance(fault, tuple):
                    self.reply(fault[0], fault[2], fault[1])
                else:
                    self.reply(200, json.dumps(chat.answer(request)), {"Content-Type": "application/json"})
            finally:
                chat.leave()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    chat.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
