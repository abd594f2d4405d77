"""Synthetic queries: generators and cleaning."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from listill.families import union
from listill.queries.generator import LanguageModel
from listill.section import Count, Section, Share

if TYPE_CHECKING:
    from listill.queries.generator import Generator as AnyGenerator
else:
    AnyGenerator = union("generators")


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

    generator: AnyGenerator = Field(
        {"kind": "extractive"}, validate_default=True, description="where the queries come from"
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
