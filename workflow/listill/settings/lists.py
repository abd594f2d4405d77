"""Settings of the training lists: which queries are trained on, with which documents."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from listill.section import Name, Section, Share, renamed_value


class Lists(Section):
    """How candidates and scores become training lists: one list of documents per query, the positives first."""

    aliases: ClassVar[dict[str, str]] = {"own": "candidates_from"}

    length: Annotated[int, Field(ge=2)] = Field(8, description="documents per list, including the positives")
    positives: Share = Field(
        0.5,
        description="at most this share of `length` is taken by positives, the most relevant ones (at least one); the "
        "other judged documents of a topic are left out",
    )
    choose: Literal["stratified", "top", "random"] = Field(
        "stratified",
        description="the documents of a list: evenly spaced over the teacher's scores, those with the top scores, or "
        "random ones",
    )
    top1: bool = Field(
        True,
        description="keep a synthetic query only if the teacher ranks its source passage (or a duplicate of it) first",
    )
    judgement_margin: Annotated[float, Field(ge=0)] | None = Field(
        0.3,
        description="the most relevant judged documents of a topic are scored above its best candidate by this share "
        "of the range of its scores, less relevant ones by less; null: positives keep the teacher's score",
    )
    min_score: dict[Name, float | Literal["auto"]] = Field(
        {},
        description="by teacher: drop the synthetic queries whose source passage has a raw score below this number; auto: "
        "below the 99th percentile of the teacher's scores of random passages (needs `mining.random`)",
    )
    near_positive: Literal["keep", "mask", "positive"] = Field(
        "keep",
        description="candidates that the teacher scores near or above the positive (see near_positive_share): keep: like "
        "all others; mask: not in the list, and no negatives of the step either; positive: positives, too",
    )
    near_positive_share: Share = Field(
        0.95, description="near the positive is what has at least this share of its ensemble score"
    )
    quality_percentile: Annotated[float, Field(ge=0, lt=100)] = Field(
        0, description="drop the synthetic queries whose positives score below this percentile (see quality_of)"
    )
    quality_of: Literal["positives", "all"] = Field(
        "positives",
        description="a percentile of the positives' scores or, much milder, of the scores of all documents",
    )
    retrievers: Annotated[Literal["student", "all"], renamed_value(own="student")] = Field(
        "student",
        description="whose candidates are used: those of BM25 and of the student, or those of all retrievers",
    )
    candidates_from: dict[Name, Name] = Field(
        {}, description="by student, the retriever whose candidates are used instead of the student's"
    )
