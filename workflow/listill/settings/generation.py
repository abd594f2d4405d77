"""Synthetic queries: generators and cleaning."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from listill.settings.base import Count, Section, Share
from listill.settings.language_models import LanguageModel, OpenAi, Transformers, Vllm


class Extractive(Section):
    """Queries cut out of the passages themselves: no model."""

    kind: Literal["extractive"] = Field(description="cut out of the passages, without a model")
    types: dict[Literal["title", "keyphrases", "cloze", "lead", "crop"], Count] = Field(
        {"lead": 1, "cloze": 1, "keyphrases": 1},
        min_length=1,
        description="query types, and how many of each a passage gives",
    )
    dropout: Share = Field(0.2, description="share of the words of a sentence or crop that are dropped")
    crop_words: tuple[Count, Count] = Field((5, 12), description="fewest and most words of a crop")
    phrases: Count = Field(4, description="key phrases in a keyphrases query")

    @model_validator(mode="after")
    def _in_order(self) -> "Extractive":
        if self.crop_words[0] > self.crop_words[1]:
            raise ValueError(
                f"crop_words: the fewest ({self.crop_words[0]}) are more than the most ({self.crop_words[1]})"
            )
        return self


class Own(Section):
    """Queries from a file of the user's: at least query_id, text and doc_id (the passage that answers it)."""

    kind: Literal["file"] = Field(description="read from a file of your own")
    path: str = Field(
        description="a Parquet file with the columns of queries.parquet that it has; the rest is filled in"
    )


class Cleaning(Section):
    """What is dropped from the generated queries."""

    min_words: Count = Field(2, description="shorter queries are dropped")
    max_words: Count = Field(64, description="longer queries are dropped")
    topic_overlap: Share = Field(
        0.9, description="Jaccard similarity of words with a human dev or test topic from which a query is dropped"
    )
    copied: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8,
        description="share of a model's query (of 6 words or more) that stands in its passage as one run of words, from "
        "which it is dropped; 1: only if all of it does",
    )


class Generation(Section):
    """Synthetic queries."""

    generator: Annotated[Extractive | Own | Vllm | OpenAi | Transformers, Field(discriminator="kind")] = Field(
        Extractive(kind="extractive"), description="where the queries come from"
    )
    shards: Count = Field(
        1,
        description="jobs that the work of a language model is divided into; without a model there is one in any case",
    )
    passages: Count | None = Field(None, description="passages, drawn with the seed, that get queries; default: all")
    human: bool = Field(True, description="train on the human train topics as well (type `human`)")
    cleaning: Cleaning = Field(Cleaning(), description="which generated queries are dropped")

    @property
    def shard_names(self) -> list[str]:
        """Names of the parts of a language model's work, such as ``1-of-2``; none if no model is asked."""
        asked = isinstance(self.generator, LanguageModel)
        return [f"{number}-of-{self.shards}" for number in range(1, self.shards + 1)] if asked else []
