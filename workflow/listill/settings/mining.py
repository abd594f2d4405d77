"""Candidates: BM25, dense retrievers, the consistency filter."""

from typing import Literal

from pydantic import Field, model_validator

from listill.settings.base import Count, Name, Positive, Section, Share
from listill.settings.students import Student


class Bm25(Section):
    """BM25 as Lucene computes it."""

    library: Literal["bm25s", "rank_bm25"] = Field("bm25s", description="rank_bm25 is a slow, plain second opinion")
    k1: Positive = Field(0.9, description="how long further occurrences of a term add to the score; small: hardly")
    b: Share = Field(0.4, description="how much long documents are marked down; 0: not at all")
    stemmer: str | None = Field("english", description="a Snowball stemmer; null: none")
    stopwords: str | None = Field("en", description="a stop word list of bm25s; null: none")


class Consistency(Section):
    """A synthetic query stays if its source passage (or a duplicate of it) is found again."""

    top: Count = Field(20, description="the source must be within the first so many")
    require: Literal["any", "each", "own", "none"] = Field(
        "any",
        description="of any retriever, of each, of the one whose candidates the student's lists are made of, or no filter",
    )


class Mining(Section):
    """Candidates for every query: the union of what BM25 and the dense retrievers find."""

    bm25: Bm25 = Field(Bm25(), description="BM25, wherever it is used: candidates, teacher, evaluation")
    dense: dict[Name, Student] = Field({}, description="further dense retrievers beside the students' base models")
    retrievers: list[Name] | None = Field(
        None,
        min_length=1,
        description="whose candidates are taken: bm25, students, names in `dense`; default: of all of them",
    )
    depth: Count = Field(20, description="candidates of each retriever")
    consistency: Consistency = Field(Consistency(), description="filter: does a query find its own passage again?")

    @model_validator(mode="after")
    def _filter_sees_the_pool(self) -> "Mining":
        if self.consistency.require != "none" and self.consistency.top > self.depth:
            raise ValueError(f"consistency.top ({self.consistency.top}) is beyond depth ({self.depth})")
        return self
