"""The teachers, their ensemble and the gate."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill import shares
from listill.families import union
from listill.section import Count, Name, Section

if TYPE_CHECKING:
    from listill.teachers.teacher import Teacher as AnyTeacher
else:
    AnyTeacher = union("teachers")


class Gate(Section):
    """The teacher must rank better than the untrained students; otherwise there is nothing to learn from it."""

    action: Literal["stop", "warn"] = Field("stop", description="what happens if it does not: stop the run, or warn")
    margin: float = Field(
        0.0, description="nDCG@10 by which the teacher must be ahead of the best student on dev queries"
    )


class TeacherEnsemble(Section):
    """The teachers: each scores every candidate; the normalised scores are averaged by weight."""

    members: dict[Name, AnyTeacher] = Field(
        {
            "maxsim": {"kind": "late_interaction", "weight": 2.0},
            "dense": {"kind": "dense"},
            "bm25": {"kind": "bm25"},
        },
        validate_default=True,
        min_length=1,
        description="the teachers, by a name of your choice",
    )
    normalise: Literal["minmax", "zscore", "rank", "percentile"] = Field(
        "minmax",
        description="how scores are normalised: over the candidates of each query, or (percentile, as in the papers) over "
        "those of all queries",
    )
    gate: Gate = Field(Gate(), description="check before any training that the teacher is better than the students")

    def weights(self, chosen: dict[str, float] | list[str] | None = None) -> dict[str, float]:
        """Return the weight of each teacher: of all members, of those that are named, or the weights that are given."""
        if isinstance(chosen, dict):
            return chosen
        return {name: self.members[name].weight for name in (self.members if chosen is None else chosen)}


class Teaching(TeacherEnsemble):
    """The teachers, and in how many jobs they score the candidates. Nothing but these jobs depends on that number."""

    shards: Count = Field(
        1,
        description="number of jobs that score the candidates at the same time, e.g. one per GPU; the scores do not depend "
        "on it",
    )

    @property
    def shard_names(self) -> list[str]:
        """Names of the shares of the candidates, such as ``1-of-2``; none if one job scores them all."""
        return shares.names(self.shards) if self.shards > 1 else []
