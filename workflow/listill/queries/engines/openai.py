"""Client of a server with OpenAI's API (https://platform.openai.com/docs/api-reference).

With a chat template, it calls the endpoint for chat completions, otherwise the one for completions.

urllib3 retries a request after a lost connection, a timeout or status 408, 409, 429 and 5xx, with exponential backoff
or after the time in the Retry-After header.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import urllib3

from listill.credentials import key_of, redacted
from listill.errors import UserError
from listill.queries.answers import TOO_LONG, UNUSABLE, Answer, valid
from listill.queries.generators.openai import OpenAi
from listill.queries.requests import Request

# Types of the parts of a message that are not its answer.
THOUGHTS = ("thinking", "reasoning")
RETRIED_STATUSES = (408, 409, 429, 500, 502, 503, 504)
CONTEXT_EXCEEDED = re.compile(
    r"context.?length|context.?window|maximum (?:context|model|input) length|too long|too many tokens", re.I
)


class OneHost(urllib3.PoolManager):
    """Connections to the host of ``url``. A redirect to another host is an error: it would get the documents."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(**options)
        self.url, self.host = url, self.connection_from_url(url)

    def urlopen(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        """Send a request, or follow a redirect of it; UserError if ``url`` is on another host."""
        if self.connection_from_url(url) is not self.host:
            other = urllib3.util.parse_url(url)
            raise UserError(
                f"{self.url}: redirects to another host, {other.scheme}://{other.netloc}, to which nothing is sent; if it "
                "should get your documents, set base_url to its address; answers so far are kept"
            )
        return super().urlopen(method, url, *arguments, **options)


def text_of(content: Any) -> str | None:
    """Return the text of a message, which some servers send as a part or as a list of parts; None if it is no text.

    Parts with the thoughts of a model do not belong to its answer.
    """
    if content is None or isinstance(content, str):
        return content or ""
    parts = [content] if isinstance(content, dict) else content
    if not isinstance(parts, list):
        return None
    texts = [
        part.get("text") if isinstance(part, dict) and part.get("type") not in THOUGHTS else part for part in parts
    ]
    return "".join(text for text in texts if isinstance(text, str))


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class Server:
    """A connection to the server."""

    def __init__(self, settings: OpenAi) -> None:
        self.settings = settings
        self.url = settings.base_url.rstrip("/") + ("/chat/completions" if settings.chat else "/completions")
        self.key = key_of(settings.key_variable)
        self.headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        retries = urllib3.Retry(
            total=settings.retries,
            backoff_factor=0.5,
            backoff_jitter=0.5,
            status_forcelist=RETRIED_STATUSES,
            allowed_methods=None,
            raise_on_status=False,
        )
        self.pool = OneHost(self.url, maxsize=settings.concurrency, retries=retries, timeout=settings.timeout)

    def body(self, request: Request) -> dict[str, Any]:
        """Return the fields of a request; fields that ``extra`` sets to null are omitted."""
        settings = self.settings
        fields = {
            "model": settings.model,
            **({"messages": request.messages} if settings.chat else {"prompt": request.text}),
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": settings.max_tokens,
            "seed": request.seed,
            "stop": ["\n"],
            **settings.extra,
        }
        return {key: value for key, value in fields.items() if value is not None}

    def ask(self, request: Request) -> Answer:
        """Send one request; UserError if the server cannot be reached or keeps returning an error.

        A reply with status 200 and no answer in it has the finish_reason UNUSABLE: the other requests go on.
        """
        try:
            reply = self.pool.request("POST", self.url, json=self.body(request), headers=self.headers)
        except urllib3.exceptions.HTTPError as error:
            cause = redacted(str(getattr(error, "reason", None) or error), self.key)
            raise UserError(
                f"{self.url}: no response after {self.settings.retries} retries: {cause}; check base_url and that the "
                "server is running; answers so far are kept"
            ) from None
        text = reply.data.decode(errors="replace")
        if reply.status == 400 and CONTEXT_EXCEEDED.search(text):
            return Answer(request.query_id, "", TOO_LONG)
        if reply.status != 200:
            raise UserError(self._error_message(reply.status, text))
        try:
            data = json.loads(text)
            choice = data["choices"][0]
            content = text_of(choice["message"].get("content") if self.settings.chat else choice["text"])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            content = None
        if content is None:
            kind = "chat completion" if self.settings.chat else "completion"
            text = f"{self.url}: not a {kind}: {redacted(text, self.key)[:200]!r}; check base_url"
            return Answer(request.query_id, text, UNUSABLE)
        usage = _fields(data.get("usage"))
        cached = _fields(usage.get("prompt_tokens_details")).get("cached_tokens")
        return valid(request.query_id, content, choice.get("finish_reason"), usage.get("prompt_tokens"), cached)

    def _error_message(self, status: int, text: str) -> str:
        name = self.settings.key_variable
        remedy = {
            401: f"set {name} to a valid key" if self.headers else f"set {name} to your key",
            403: f"the key in {name} does not permit this request",
            404: "check base_url (it usually ends in /v1) and model",
        }.get(
            status,
            f"failed after {self.settings.retries} retries" if status in RETRIED_STATUSES else "check model and extra",
        )
        reason = " ".join(redacted(text, self.key).split())[:300]
        return f"{self.url}: status {status}: {reason}; {remedy}; answers so far are kept"


def answers(settings: OpenAi, requests: list[Request]) -> Iterator[list[Answer]]:
    """Yield the answers as they arrive, with ``concurrency`` requests at a time."""
    server = Server(settings)
    waiting = iter(requests)
    with ThreadPoolExecutor(settings.concurrency) as pool:
        pending: set[Future[Answer]] = set()
        while True:
            for request in waiting:
                pending.add(pool.submit(server.ask, request))
                if len(pending) == settings.concurrency:
                    break
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            if any(future.exception() for future in done):  # send no more requests, but keep the pending answers
                done, pending = done | wait(pending).done, set()
            yield [future.result() for future in done if not future.exception()]
            for future in done:
                future.result()
