"""Generators that ask a language model."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from listill.settings.base import Count, Name, Positive, Section


class LanguageModel(Section):
    """What every generator with a language model has: the types of queries, their examples, and how to sample."""

    # Keys that say how the work is done and not what comes out: parts made before such a change are still good.
    machine: ClassVar[frozenset[str]] = frozenset()

    model: str = Field(description="an instruction-tuned model: a hub name or a folder; openai: its name at the server")
    types: dict[Name, Positive] | None = Field(
        None,
        description="query types, and how many queries of each a passage gets (0.5: every other passage gets one); "
        "default: all types, with the weights in their files",
    )
    types_from: str | None = Field(
        None, description="a YAML file, or a folder of them, with types of your own (see docs/queries.md)"
    )
    examples: dict[Name, str] = Field(
        {},
        description="by type, a Parquet or JSONL file with columns query and passage: pairs of your domain that replace "
        "the examples of the type",
    )
    shots: Count = Field(3, description="examples that are shown; of more, these many are drawn with the seed")
    passage_characters: Count = Field(8000, description="longer passages are cut, at a blank, for the prompt only")
    temperature: Annotated[float, Field(ge=0)] = Field(0.8, description="of sampling; 0: always the likeliest token")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="probability from which tokens are sampled")
    max_tokens: Count = Field(64, description="tokens of an answer; one that is longer is dropped as cut off")


class _Loaded(LanguageModel):
    """A model that is loaded here."""

    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    trust_remote_code: bool = Field(False, description="run code that comes with the model")
    template: dict[str, Any] = Field(
        {"enable_thinking": False},
        description="variables for the model's chat template; it ignores those that it does not know",
    )


class Vllm(_Loaded):
    """vLLM's offline engine, in a process and, as a rule, an environment of its own: for GPUs, and the fastest."""

    machine: ClassVar[frozenset[str]] = frozenset({"python", "gpu_memory_utilization", "max_model_len", "save_every"})

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


class Transformers(_Loaded):
    """Plain transformers, for small models: on a GPU if there is one, else on the CPU."""

    machine: ClassVar[frozenset[str]] = frozenset({"batch"})

    kind: Literal["transformers"] = Field(description="plain transformers, for small models")
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the hardware computes it")
    batch: Count = Field(
        16, description="requests of like length that are answered together; halved if memory runs out"
    )


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
