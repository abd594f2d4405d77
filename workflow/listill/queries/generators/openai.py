"""Queries from a server that speaks OpenAI's chat completions protocol: vLLM, llama.cpp, Ollama, a provider."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from listill.queries.generator import LanguageModel
from listill.section import Count, Positive

if TYPE_CHECKING:
    from listill.queries.answers import Answer
    from listill.queries.requests import Request


class OpenAi(LanguageModel):
    """Any server that speaks the chat completions protocol of OpenAI: vLLM, llama.cpp, Ollama, a provider."""

    machine: ClassVar[frozenset[str]] = frozenset({"base_url", "key_variable", "concurrency", "timeout", "retries"})

    kind: Literal["openai"] = Field(description="a server with OpenAI's chat completions protocol")
    base_url: str = Field(description="address of the server up to and with /v1, such as http://localhost:8000/v1")
    key_variable: str = Field(
        "OPENAI_API_KEY", description="environment variable that holds the key; where it is not set, none is sent"
    )
    concurrency: Count = Field(16, description="requests under way at a time")
    timeout: Positive = Field(120.0, description="seconds that the server may be silent before the request is repeated")
    retries: Count = Field(
        8, description="repetitions of a request that failed, after growing pauses or those that the server asks for"
    )
    extra: dict[str, Any] = Field(
        {},
        description="further fields of each request, such as chat_template_kwargs: {enable_thinking: false} for vLLM",
    )

    def answers(self, requests: "list[Request]", work: Path, details: dict[str, Any]) -> "Iterator[list[Answer]]":
        """Yield the answers as they come, ``concurrency`` requests at a time."""
        from listill.queries.engines.openai import answers

        return answers(self, requests)
