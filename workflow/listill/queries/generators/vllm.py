"""Queries from a language model in vLLM's offline engine (https://docs.vllm.ai), which runs in its own process."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from listill.credentials import Fields
from listill.queries.generator import LoadedModel
from listill.section import Count

if TYPE_CHECKING:
    from listill.queries.answers import Answer
    from listill.queries.requests import Request


class Vllm(LoadedModel):
    """vLLM's offline engine, in its own process and usually its own environment: the fastest option on GPUs."""

    machine: ClassVar[frozenset[str]] = frozenset({"python", "gpu_memory_utilization", "max_model_len", "save_every"})
    environment: ClassVar = "vllm"
    gpus: ClassVar = 1

    kind: Literal["vllm"] = Field(description="vLLM's offline engine")
    python: str | None = Field(
        None,
        description="Python interpreter of an environment with vLLM; default: the job's interpreter (--sdm conda "
        "creates its environment)",
    )
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = Field(
        0.9, description="share of the GPU memory that vLLM may use"
    )
    max_model_len: Count | None = Field(
        None, description="maximum tokens of prompt plus answer; default: the limit of the model, at most 8192"
    )
    save_every: Count = Field(
        16_384,
        description="answers are saved at the latest after this many requests, which an interrupted job loses. The first "
        "1024 are saved together, then more at a time, as long as they take less than two minutes",
    )
    engine: Fields = Field({}, description="additional arguments of vllm.LLM, such as tensor_parallel_size: 2")

    def answers(self, requests: "list[Request]", work: Path, details: dict[str, Any]) -> "Iterator[list[Answer]]":
        """Yield the answers in blocks of at most ``save_every`` requests; vLLM's log is written to ``work``."""
        from listill.queries.engines.vllm import answers

        return answers(self, requests, work, details)
