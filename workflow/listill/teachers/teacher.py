"""The base class of teachers, the members of the ensemble."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from listill.section import Member, Positive

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources


class Teacher(Member):
    """The settings of a teacher; a member is a file in ``teachers/kinds/``."""

    # Raise it when the scores of this kind change; stored scores of an earlier version are not used.
    version: ClassVar[int] = 1
    # Whether it uses BM25 with the settings of `mining.bm25`.
    uses_bm25: ClassVar[bool] = False
    # Whether it reads the embeddings of the corpus by the students that it uses.
    uses_embeddings: ClassVar[bool] = False
    # Pairs are scored in parts: either all pairs of a query are in one part, or all pairs of a passage.
    whole: ClassVar[Literal["queries", "passages"]] = "queries"

    weight: Positive = Field(1.0, description="weight in the ensemble")

    def students_used(self) -> list[str]:
        """Return the names of the students that this teacher's settings refer to."""
        return []

    def resolved(self, students: Collection[str]) -> "Teacher":
        """Return the settings with all defaults that depend on the names of the students filled in."""
        return self

    def identity(self, resources: "Resources") -> str | None:
        """Return the commit or checksum of the model that the teacher scores with, or None if it has no model.

        This is called before anything is scored. Raises UserError if the model is missing or of another kind.
        """
        return None

    def basis(self, resources: "Resources") -> dict[str, Any]:
        """Return the settings that the scores depend on, as plain data: its own, and those of what it uses.

        Stored scores are found by these, by the identity of the model and by the texts.
        """
        return self.model_dump(mode="json", exclude={"weight"})

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the raw score of each pair [pairs] in float32; higher is better.

        The score of a pair depends on its two texts only, and on what ``basis`` and ``identity`` return. Texts are not
        always documents of the corpus (see ``pairs.edited``). Models and indexes are taken from ``resources``. Raw
        scores are stored unchanged; the ensemble normalises and weights them later.
        """
        raise NotImplementedError

    def score_parts(self, parts: "Iterable[Pairs]", resources: "Resources") -> "Generator[np.ndarray, None, None]":
        """Yield the scores of each part (see ``score``), in order.

        A teacher may prepare the next part while it scores one. Close the generator if not all parts may be scored.
        """
        for pairs in parts:
            yield self.score(pairs, resources)


def identities(members: Mapping[str, Teacher], resources: "Resources") -> dict[str, str]:
    """Return the identity of each teacher with a model, keyed by the teacher's name. Hub models are downloaded."""
    by_name = {name: member.identity(resources) for name, member in members.items()}
    return {name: identity for name, identity in by_name.items() if identity is not None}


def resolved(members: Mapping[str, Teacher], students: Collection[str]) -> dict[str, Teacher]:
    """Return the teachers with all defaults that depend on the names of the students filled in."""
    return {name: member.resolved(students) for name, member in members.items()}


def uses_bm25(members: Mapping[str, Teacher]) -> bool:
    """Tell whether any of the teachers uses BM25."""
    return any(member.uses_bm25 for member in members.values())


def students_used(members: Mapping[str, Teacher], *, embeddings: bool = False) -> list[str]:
    """Return the names of the students that resolved teachers use; with ``embeddings``, whose embeddings they read."""
    chosen = [member for member in members.values() if member.uses_embeddings or not embeddings]
    return sorted({name for member in chosen for name in member.students_used()})
