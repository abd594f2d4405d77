"""The teachers, their ensemble and the gate."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.families import union
from listill.section import Name, Section

if TYPE_CHECKING:
    from listill.teachers.teacher import Teacher as AnyTeacher
else:
    AnyTeacher = union("teachers")


class Gate(Section):
    """The teacher must rank better than the untrained student, or there is nothing to learn from it."""

    action: Literal["stop", "warn"] = Field("stop", description="what happens if it does not")
    margin: float = Field(0.0, description="nDCG@10 by which it must be better, on dev queries")


class TeacherEnsemble(Section):
    """The teachers: each scores every candidate; their scores are normalised and added up."""

    members: dict[Name, AnyTeacher] = Field(
        {
            "maxsim": {"kind": "late_interaction", "weight": 2.0},
            "dense": {"kind": "dense"},
            "bm25": {"kind": "bm25"},
        },
        validate_default=True,
        min_length=1,
        description="the teachers, by names of your choice",
    )
    normalise: Literal["minmax", "zscore", "rank", "percentile"] = Field(
        "minmax", description="over the candidates of each query; percentile (the papers'): over those of all queries"
    )
    gate: Gate = Field(Gate(), description="check, before any training, that the teacher is worth learning from")
