"""Queries from a causal language model with plain transformers: for small models, on a GPU or the CPU."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from listill.queries.generator import LoadedModel
from listill.section import Count

if TYPE_CHECKING:
    from listill.queries.answers import Answer
    from listill.queries.requests import Request


class Transformers(LoadedModel):
    """Plain transformers, for small models: on a GPU if there is one, otherwise on the CPU."""

    machine: ClassVar[frozenset[str]] = frozenset({"batch"})
    environment: ClassVar = "gpu"
    gpus: ClassVar = 1

    kind: Literal["transformers"] = Field(description="plain transformers, for small models")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        "auto", description="auto: bf16 if the hardware computes it fast"
    )
    batch: Count | None = Field(
        None,
        description="batch size (requests of similar length); halved if memory runs out. Default: 16, or 512 on a GPU",
    )

    def answers(self, requests: "list[Request]", work: Path, details: dict[str, Any]) -> "Iterator[list[Answer]]":
        """Yield the answers in batches, shortest prompts first."""
        from listill.queries.engines.transformers import answers

        return answers(self, requests)
