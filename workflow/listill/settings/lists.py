"""Training lists: which queries train, and on which documents."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from listill.section import Name, Section, renamed_value


class Lists(Section):
    """What becomes of candidates and scores: one list of documents a query, the positive first."""

    aliases: ClassVar[dict[str, str]] = {"own": "candidates_from"}

    length: Annotated[int, Field(ge=2)] = Field(8, description="documents of a list, the positive included")
    choose: Literal["stratified", "top", "random"] = Field(
        "stratified", description="evenly over the teacher's scores, its top ones, or any"
    )
    top1: bool = Field(
        True, description="keep a synthetic query only if the teacher ranks its source (or a twin) first"
    )
    judgement_margin: Annotated[float, Field(ge=0)] | None = Field(
        0.3,
        description="how far above the best of its list a human positive is put, as a share of the list's score range; null: "
        "where the teacher puts it",
    )
    quality_percentile: Annotated[float, Field(ge=0, lt=100)] = Field(
        0, description="drop the synthetic queries whose positive scores below this percentile (see quality_of)"
    )
    quality_of: Literal["positives", "all"] = Field(
        "positives", description="a percentile of the positives' scores or, much milder, of those of all documents"
    )
    retrievers: Annotated[Literal["student", "all"], renamed_value(own="student")] = Field(
        "student", description="whose candidates are used: those of BM25 and the student, or those of all retrievers"
    )
    candidates_from: dict[Name, Name] = Field(
        {}, description="by student, the retriever whose candidates are used instead of the student's"
    )
