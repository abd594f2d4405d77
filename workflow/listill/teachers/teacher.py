"""The base class of teachers, the members of the ensemble."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from listill.section import Member, Positive

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class Teacher(Member):
    """The settings of a teacher; a member is a file in ``teachers/kinds/``."""

    weight: Positive = Field(1.0, description="weight in the ensemble")

    def files(self) -> list[str]:
        """Return the existing input files of the user; if one changes, the pairs are scored again."""
        return []

    def students_used(self) -> list[str]:
        """Return the names of the students that this teacher's settings refer to."""
        return []

    def identity(self) -> str | None:
        """Return the commit or checksum of the teacher's own model, or None if it has no model of its own.

        This is called before anything is scored. Raises UserError if the model is missing or of another kind.
        """
        return None

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the raw score of each pair [pairs] in float32; higher is better.

        Texts are not always documents of the corpus (see ``pairs.edited``). Models and indexes are taken from
        ``resources``. Raw scores are stored unchanged; the ensemble normalises and weights them later.
        """
        raise NotImplementedError


def identities(members: Mapping[str, Teacher]) -> dict[str, str]:
    """Return the identity of each teacher with its own model, keyed by name. Hub models are downloaded."""
    by_name = {name: member.identity() for name, member in members.items()}
    return {name: identity for name, identity in by_name.items() if identity is not None}
