"""The teachers that are models of their own: cross-encoders, T5 and causal language models."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from listill.settings.base import Count, Section, Teacher
from listill.settings.formats import format_of, formats

Piece = Annotated[str, Field(min_length=1)]


class Reranker(Teacher):
    """What all rerankers have."""

    kind: str = Field(description="cross_encoder, t5 or causal")
    model: str = Field(description="a hub name, a folder, or `package:MODULE/FOLDER` (a folder in a Python package)")
    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    max_length: Count = Field(
        512, description="tokens that are read, of prompt, query and passage together; the passage is cut"
    )
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the hardware computes it")
    trust_remote_code: bool = Field(False, description="run code that comes with the model")
    prompt: list[Piece] | None = Field(
        None, description="pieces, tokenised apart, one with {query} and a later one with {document}"
    )

    @model_validator(mode="before")
    @classmethod
    def _as_the_model_wants(cls, data: Any) -> Any:
        """Fill in what is known of the model, so that the frozen settings say all that the scores depend on."""
        if not isinstance(data, dict) or not isinstance(data.get("model"), str):
            return data
        known, kind = format_of(data["model"]), data.get("kind")
        if known and known.kind != kind:
            raise ValueError(f"model {data['model']} is of kind {known.kind}, not {kind}")
        chosen = formats().get(str(data["format"])) if data.get("format") else known
        if chosen is None or "format" not in cls.model_fields:
            return data
        filled = {key: value for key in cls.model_fields if (value := getattr(chosen, key, None)) is not None}
        given = {key: value for key, value in data.items() if value is not None}
        return {**filled, "format": chosen.name, **given}

    @model_validator(mode="after")
    def _prompt_is_whole(self) -> "Reranker":
        if not self.prompt:
            return self
        places = {name: [i for i, piece in enumerate(self.prompt) if f"{{{name}}}" in piece] for name in FIELDS}
        if any(len(places[name]) != 1 for name in FIELDS) or places["query"] >= places["document"]:
            raise ValueError("prompt: one piece must have {query} and a later one {document}")
        return self


FIELDS = ("query", "document")


class CrossEncoder(Reranker):
    """A transformer with a classification head over query and passage, such as MiniLM, BGE and mxbai rerankers."""

    kind: Literal["cross_encoder"] = Field(description="sequence classification")
    label: Annotated[int, Field(ge=0)] | None = Field(
        None, description="the class that means relevant, of a model that has several"
    )


class T5(Reranker):
    """RankT5, monoT5 and models like them: the answer of the first decoding step."""

    kind: Literal["t5"] = Field(description="an encoder-decoder; one decoding step")
    format: Literal["rankt5", "monot5", "mmarco-mt5"] | None = Field(
        None, description="prompt and answer of this kind of model; known models need none"
    )
    true_token: str | None = Field(None, description="the token whose logit is the score")
    false_token: str | None = Field(None, description="the token whose logit is taken off the score")

    @model_validator(mode="after")
    def _is_known(self) -> "T5":
        if not self.prompt or not self.true_token:
            raise ValueError(unknown(self.model, self.kind))
        return self


class Layerwise(Section):
    """Of models that can stop early and merge tokens on the way (BGE gemma2 lightweight)."""

    cutoff: Count = Field(25, description="the layer whose head is asked")
    compress_ratio: Literal[1, 2, 4, 8] = Field(2, description="so many tokens become one; 1: none are merged")
    compress_layers: list[Count] = Field([8], description="the layers before which tokens are merged")


class Causal(Reranker):
    """A language model that is asked whether the passage answers the query."""

    kind: Literal["causal"] = Field(description="a decoder; the logits of yes and no")
    format: Literal["bge-gemma", "bge-gemma-lightweight", "qwen3-reranker", "mxbai-v2"] | None = Field(
        None, description="prompt and answer of this kind of model; known models need none"
    )
    instruction: str | None = Field(
        None, description="what {instruction} in the prompt becomes: the task in a sentence"
    )
    true_token: str | None = Field(None, description="the token whose logit is the score")
    false_token: str | None = Field(None, description="the token whose logit is taken off the score")
    layerwise: Layerwise = Field(Layerwise(), description="for format bge-gemma-lightweight")

    @model_validator(mode="after")
    def _is_known(self) -> "Causal":
        if self.format == "bge-gemma-lightweight" and not self.trust_remote_code:
            raise ValueError(
                f"model {self.model} runs code of its own: read it, then set trust_remote_code: true and a revision"
            )
        if not self.prompt or not (self.true_token or self.format == "bge-gemma-lightweight"):
            raise ValueError(unknown(self.model, self.kind))
        if any("{instruction}" in piece for piece in self.prompt) and not self.instruction:
            raise ValueError("prompt: it has {instruction}; set instruction")
        return self


def unknown(model: str, kind: str) -> str:
    """Return what to do about a model whose prompt and answer are not known."""
    names = ", ".join(name for name, known in formats().items() if known.kind == kind)
    return f"model {model} is not known: say its format ({names}), or its prompt and true_token; they are not guessed"
