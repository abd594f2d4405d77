"""A server that speaks OpenAI's chat completions protocol (https://platform.openai.com/docs/api-reference/chat).

Repetitions are urllib3's: after a lost connection, a silence or status 408, 409, 429 and 5xx, with growing pauses or the
pause that the server asks for in Retry-After.
"""

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import urllib3

from listill.errors import UserError
from listill.queries.answers import TOO_LONG, Answer
from listill.queries.generators.openai import OpenAi
from listill.queries.requests import Request

AGAIN = (408, 409, 429, 500, 502, 503, 504)
TOO_MUCH = re.compile(
    r"context.?length|context.?window|maximum (?:context|model|input) length|too long|too many tokens", re.I
)


class Server:
    """The server, and how requests are put to it."""

    def __init__(self, settings: OpenAi) -> None:
        self.settings = settings
        self.url = settings.base_url.rstrip("/") + "/chat/completions"
        key = os.environ.get(settings.key_variable)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        retries = urllib3.Retry(
            total=settings.retries,
            backoff_factor=0.5,
            backoff_jitter=0.5,
            status_forcelist=AGAIN,
            allowed_methods=None,
            raise_on_status=False,
        )
        self.pool = urllib3.PoolManager(maxsize=settings.concurrency, retries=retries, timeout=settings.timeout)

    def body(self, request: Request) -> dict[str, Any]:
        """Return the fields of a request; one that ``extra`` sets to null is left out."""
        settings = self.settings
        fields = {
            "model": settings.model,
            "messages": request.messages,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": settings.max_tokens,
            "seed": request.seed,
            "stop": ["\n"],
            **settings.extra,
        }
        return {key: value for key, value in fields.items() if value is not None}

    def ask(self, request: Request) -> Answer:
        """Put one request; UserError if the server cannot be reached, or answers with an error again and again."""
        try:
            reply = self.pool.request("POST", self.url, json=self.body(request), headers=self.headers)
        except urllib3.exceptions.HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise UserError(
                f"{self.url}: no answer, with {self.settings.retries} repetitions: {cause}; check base_url, and that the "
                "server is up; what was answered is kept"
            ) from None
        text = reply.data.decode(errors="replace")
        if reply.status == 400 and TOO_MUCH.search(text):
            return Answer(request.query_id, "", TOO_LONG)
        if reply.status != 200:
            raise UserError(self._fault(reply.status, text))
        try:
            data = json.loads(text)
            choice, usage = data["choices"][0], data.get("usage") or {}
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
            words, finish = choice["message"].get("content") or "", choice.get("finish_reason")
        except (ValueError, LookupError, TypeError, AttributeError):
            raise UserError(f"{self.url}: no chat completion, but: {text[:200]!r}; check base_url") from None
        return Answer(request.query_id, words, finish, usage.get("prompt_tokens") or 0, cached)

    def _fault(self, status: int, text: str) -> str:
        name = self.settings.key_variable
        remedy = {
            401: f"set {name} to a valid key" if self.headers else f"set {name} to your key",
            403: f"the key in {name} may not do this",
            404: "check base_url (it ends in /v1, as a rule) and model",
        }.get(status, f"after {self.settings.retries} repetitions" if status in AGAIN else "check model and extra")
        return f"{self.url}: status {status}: {' '.join(text.split())[:300]}; {remedy}; what was answered is kept"


def answers(settings: OpenAi, requests: list[Request]) -> Iterator[list[Answer]]:
    """Yield the answers as they come, ``concurrency`` requests at a time."""
    server = Server(settings)
    waiting = iter(requests)
    with ThreadPoolExecutor(settings.concurrency) as pool:
        under_way: set[Future[Answer]] = set()
        while True:
            for request in waiting:
                under_way.add(pool.submit(server.ask, request))
                if len(under_way) == settings.concurrency:
                    break
            if not under_way:
                return
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            if any(one.exception() for one in done):  # ask nothing more, but keep what still comes
                done, under_way = done | wait(under_way).done, set()
            yield [one.result() for one in done if not one.exception()]
            for one in done:
                one.result()
