"""Synthetic queries: generators and cleaning."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from listill import shares
from listill.families import union
from listill.section import Count, Section, Share

if TYPE_CHECKING:
    from listill.queries.generator import Generator as AnyGenerator
else:
    AnyGenerator = union("generators")


class Cleaning(Section):
    """Which generated queries are dropped."""

    min_words: Count = Field(2, description="queries with fewer words are dropped")
    max_words: Count = Field(64, description="queries with more words are dropped")
    topic_overlap: Share = Field(
        0.9,
        description="queries whose words have at least this Jaccard similarity with those of a human dev or test topic are "
        "dropped",
    )
    copied: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8,
        description="a model's query of 6 words or more is dropped if at least this share of it is copied from the passage "
        "in one piece; 1: only if all of it is. The same holds for copies of the instruction and the examples",
    )
    example_overlap: Share = Field(
        0.7,
        description="a model's query is dropped if its words have at least this Jaccard similarity with those of the query "
        "in an example",
    )
    generic: Count = Field(
        3, description="a model's query is dropped if more than this many passages got the same query, in all of them"
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Cleaning":
        if self.min_words > self.max_words:
            raise ValueError(f"min_words ({self.min_words}) is above max_words ({self.max_words}): swap them")
        return self


class Generation(Section):
    """Synthetic queries."""

    generator: AnyGenerator = Field(
        {"kind": "extractive"}, validate_default=True, description="what writes the queries"
    )
    shards: Count = Field(
        1,
        description="number of jobs that share the work of a language model; other generators always run in one job",
    )
    passages: Count | None = Field(
        None, description="number of passages that get queries, drawn with the seed; default: all"
    )
    human: bool = Field(True, description="whether the human train topics are queries, too (type `human`)")
    cleaning: Cleaning = Field(Cleaning(), description="which generated queries are dropped")

    def query_types(self) -> set[str]:
        """Return the types of all queries, including those of human topics; none if they are not known yet."""
        types = self.generator.query_types()
        return set() if types is None else types | ({"human"} if self.human else set())

    @property
    def shard_names(self) -> list[str]:
        """Names of the parts of a language model's work, such as ``1-of-2``; none if no model is asked."""
        return shares.names(self.shards) if self.generator.asks_model else []
