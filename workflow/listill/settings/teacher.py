"""The teachers, their ensemble and the gate."""

from typing import Annotated, Literal

from pydantic import Field

from listill.settings.base import Name, Section, Teacher
from listill.settings.rerankers import T5, Causal, CrossEncoder

__all__ = ["Bm25Teacher", "Dense", "Gate", "LateInteraction", "Teacher", "TeacherEnsemble"]


class LateInteraction(Teacher):
    """MaxSim over the token vectors of a bi-encoder."""

    kind: Literal["late_interaction"] = Field(description="MaxSim over token vectors")
    student: Name | None = Field(None, description="the student whose base model is used; default: the first by name")


class Bm25Teacher(Teacher):
    """BM25 with the settings of `mining.bm25`."""

    kind: Literal["bm25"] = Field(description="Lucene's BM25")


class Dense(Teacher):
    """Similarity of the pooled embeddings of a bi-encoder."""

    kind: Literal["dense"] = Field(description="similarity of embeddings")
    student: Name | None = Field(None, description="the student whose base model is used; default: the first by name")


Member = Annotated[
    LateInteraction | Bm25Teacher | Dense | CrossEncoder | T5 | Causal,
    Field(discriminator="kind"),
]


class Gate(Section):
    """The teacher must rank better than the untrained student, or there is nothing to learn from it."""

    action: Literal["stop", "warn"] = Field("stop", description="what happens if it does not")
    margin: float = Field(0.0, description="nDCG@10 by which it must be better, on dev queries")


class TeacherEnsemble(Section):
    """The teachers: each scores every candidate; their scores are normalised and added up."""

    members: dict[Name, Member] = Field(
        {
            "maxsim": LateInteraction(kind="late_interaction", weight=2.0),
            "dense": Dense(kind="dense"),
            "bm25": Bm25Teacher(kind="bm25"),
        },
        min_length=1,
        description="the teachers, by names of your choice",
    )
    normalise: Literal["minmax", "zscore", "rank", "percentile"] = Field(
        "minmax", description="over the candidates of each query; percentile (the papers'): over those of all queries"
    )
    gate: Gate = Field(Gate(), description="check, before any training, that the teacher is worth learning from")
