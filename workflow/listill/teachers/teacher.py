"""Teachers: the base of all members of the ensemble."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from listill.section import Member, Positive

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class Teacher(Member):
    """What every teacher has; a member is a file in ``teachers/kinds/``."""

    weight: Positive = Field(1.0, description="weight in the ensemble")

    def files(self) -> list[str]:
        """Return those of the user's files it reads that exist: a changed file reruns the scores."""
        return []

    def students_used(self) -> list[str]:
        """Return the names of the students that the config names for this teacher."""
        return []

    def identity(self) -> str | None:
        """Return what identifies the teacher's model (commit or checksum), if it has one of its own.

        Called before anything is scored: raises UserError if the model is missing or of another kind.
        """
        return None

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the raw score of each pair [pairs] in float32; higher is better.

        Texts need not be documents of the corpus (``pairs.edited``); models and indexes come from ``resources``. Scores are
        stored as they are: the ensemble normalises and weighs them.
        """
        raise NotImplementedError


def identities(members: Mapping[str, Teacher]) -> dict[str, str]:
    """Return the identity of each teacher that has a model of its own, by name; models are downloaded here."""
    known = {name: member.identity() for name, member in members.items()}
    return {name: identity for name, identity in known.items() if identity is not None}
