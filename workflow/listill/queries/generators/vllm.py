"""Queries from a language model in vLLM's offline engine (https://docs.vllm.ai), in a process of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from listill.queries.generator import LoadedModel
from listill.section import Count

if TYPE_CHECKING:
    from listill.queries.answers import Answer
    from listill.queries.requests import Request


class Vllm(LoadedModel):
    """vLLM's offline engine, in a process and, as a rule, an environment of its own: for GPUs, and the fastest."""

    machine: ClassVar[frozenset[str]] = frozenset({"python", "gpu_memory_utilization", "max_model_len", "save_every"})
    environment: ClassVar = "vllm"
    gpus: ClassVar = 1

    kind: Literal["vllm"] = Field(description="vLLM's offline engine")
    python: str | None = Field(
        None,
        description="the Python interpreter of an environment with vLLM; default: the job's own, which --sdm conda makes",
    )
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = Field(0.9, description="share of the GPU's memory")
    max_model_len: Count | None = Field(
        None, description="tokens of prompt and answer together; default: what the model can do, at most 8192"
    )
    save_every: Count = Field(1024, description="requests that are lost at most if the job is interrupted")
    engine: dict[str, Any] = Field({}, description="further arguments of vllm.LLM, such as tensor_parallel_size: 2")

    def answers(self, requests: "list[Request]", work: Path, details: dict[str, Any]) -> "Iterator[list[Answer]]":
        """Yield the answers in blocks of ``save_every`` requests; vLLM's own log lies in ``work``."""
        from listill.queries.engines.vllm import answers

        return answers(self, requests, work, details)
