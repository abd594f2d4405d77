"""The training lists of a student with their texts, as the formats write them."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Passage(NamedTuple):
    """A passage of a list: its id, its text as models see it (without a prompt), and the teacher's score."""

    doc_id: str
    text: str
    score: float


@dataclass(frozen=True)
class TrainingList:
    """One query with its passages: the positives, the best first, and the others.

    The scores are the targets of the training: the normalised scores of the ensemble of teachers. A passage that the query
    was taken from lacks these words, and has the id ``<doc_id>#<query_id>``.
    """

    query_id: str
    type: str
    query: str
    positives: list[Passage]
    negatives: list[Passage]

    @property
    def passages(self) -> list[Passage]:
        """All passages, the positives first."""
        return [*self.positives, *self.negatives]


@dataclass(frozen=True)
class TrainingLists:
    """All lists with the name ``name`` (``student`` or ``student.variant``) on one corpus, sorted by query_id."""

    name: str
    lists: list[TrainingList]

    @property
    def contrastive(self) -> list[TrainingList]:
        """The lists that have a negative: trainers that draw negatives cannot use the others."""
        return [one for one in self.lists if one.negatives]

    @property
    def types(self) -> dict[str, int]:
        """The number of lists of each query type."""
        types = [one.type for one in self.lists]
        return {kind: types.count(kind) for kind in sorted(set(types))}

    def one_positive_each(self) -> Iterator[TrainingList]:
        """Yield each list with a negative once for each of its positives, without the other positives."""
        for one in self.contrastive:
            for positive in one.positives:
                yield dataclasses.replace(one, positives=[positive])
