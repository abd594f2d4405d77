"""Queries from a server with OpenAI's API (chat completions, or completions): vLLM, llama.cpp, Ollama or a provider."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from listill.credentials import Fields, Url, Variable, holds_key_of
from listill.queries.generator import LanguageModel
from listill.section import Count, Positive

if TYPE_CHECKING:
    from listill.queries.answers import Answer
    from listill.queries.requests import Request


class OpenAi(LanguageModel):
    """Any server with OpenAI's API (chat completions, or completions): vLLM, llama.cpp, Ollama or a provider."""

    machine: ClassVar[frozenset[str]] = frozenset({"base_url", "key_variable", "concurrency", "timeout", "retries"})

    kind: Literal["openai"] = Field(description="a server with OpenAI's API")
    base_url: Url = Field(description="URL of the server, including /v1, such as http://localhost:8000/v1")
    key_variable: Variable = Field(
        "OPENAI_API_KEY", description="environment variable with the API key; if it is not set, no key is sent"
    )
    concurrency: Count = Field(16, description="number of concurrent requests")
    timeout: Positive = Field(120.0, description="seconds without a response after which a request is retried")
    retries: Count = Field(
        8, description="maximum retries of a failed request, with exponential backoff or the server's Retry-After"
    )
    extra: Fields = Field(
        {},
        description="additional request fields, such as chat_template_kwargs: {enable_thinking: false} for vLLM",
    )

    @model_validator(mode="after")
    def _key_is_not_stored(self) -> "OpenAi":
        if holds_key_of(self.key_variable, self.model_dump(mode="json")):
            raise ValueError(
                f"it contains the key in {self.key_variable}, and the config is stored with the results: remove the key"
            )
        return self

    def answers(self, requests: "list[Request]", work: Path, details: dict[str, Any]) -> "Iterator[list[Answer]]":
        """Yield the answers as they arrive, with ``concurrency`` requests at a time."""
        from listill.queries.engines.openai import answers

        return answers(self, requests)
