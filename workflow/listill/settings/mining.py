"""Mining: which retrievers find the candidates, and the consistency filter."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from listill.families import union
from listill.section import Count, Distinct, Name, Section, renamed_value
from listill.settings.bm25 import Bm25
from listill.settings.search_index import SearchIndex

if TYPE_CHECKING:
    from listill.retrieval.retriever import RetrieverSettings as AnyRetriever
else:
    AnyRetriever = union("retrievers")


class Consistency(Section):
    """A synthetic query is kept if its source passage (or a duplicate of it) is retrieved."""

    top: Count = Field(20, description="rank up to which the source passage must be retrieved")
    require: Annotated[Literal["any", "each", "student", "none"], renamed_value(own="student")] = Field(
        "any",
        description="by which retrievers: any of them, each of them, the student's own (or the one that "
        "`training.lists.candidates_from` names for it); none: no filter",
    )


class Mining(Section):
    """The candidates of a query: the union of what the retrievers find."""

    bm25: Bm25 = Field(Bm25(), description="settings of BM25 wherever it is used: candidates, teacher, evaluation")
    additional: dict[Name, AnyRetriever] = Field(
        {}, description="retrievers beside BM25 and the students' base models, by name"
    )
    retrievers: Annotated[list[Name], Distinct] | None = Field(
        None,
        min_length=1,
        description="names of the retrievers that are used: `bm25`, students, names in `additional`; default: all of them",
    )
    index: SearchIndex = Field(SearchIndex(), description="how the embeddings of the corpus are searched")
    depth: Count = Field(20, description="number of candidates per retriever")
    random: Annotated[int, Field(ge=0)] = Field(
        0,
        description="number of random passages that each query's candidates have besides, drawn with the seed; the "
        "teachers score them, too, so that stratified lists span the whole range of scores",
    )
    consistency: Consistency = Field(
        Consistency(), description="filter: a synthetic query must retrieve its own source passage"
    )

    @model_validator(mode="before")
    @classmethod
    def _dense_is_additional(cls, data: Any) -> Any:
        """Read ``dense: {name: {model: ...}}``, the old name of additional retrievers of kind dense."""
        if not isinstance(data, dict) or not isinstance(data.get("dense"), dict):
            return data
        dense = {
            name: {"kind": "dense", **one} if isinstance(one, dict) else one for name, one in data["dense"].items()
        }
        if twice := dense.keys() & (data.get("additional") or {}).keys():
            raise ValueError(f"'{min(twice)}' stands in additional and in dense (its old name): remove one of the two")
        rest = {key: value for key, value in data.items() if key != "dense"}
        return {**rest, "additional": {**(data.get("additional") or {}), **dense}}

    def in_language(self, language: str) -> "Mining":
        """Return the settings with what BM25 needs for a language."""
        additional = {name: retriever.in_language(language) for name, retriever in self.additional.items()}
        return self.model_copy(update={"bm25": self.bm25.in_language(language), "additional": additional})

    @property
    def embedding(self) -> "dict[str, AnyRetriever]":
        """The additional retrievers that search embeddings of the corpus."""
        return {name: retriever for name, retriever in self.additional.items() if retriever.embeds}

    @model_validator(mode="after")
    def _filter_sees_the_pool(self) -> "Mining":
        if self.consistency.require != "none" and self.consistency.top > self.depth:
            raise ValueError(
                f"consistency.top ({self.consistency.top}) is larger than depth ({self.depth}): lower it or raise depth"
            )
        return self
