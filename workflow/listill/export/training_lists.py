"""The training lists of a student with their texts, as the formats write them."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.training.examples import Examples, load


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


def training_lists(
    name: str, collection: Collection, lists: pd.DataFrame, queries: pd.DataFrame, qrels: pd.DataFrame
) -> TrainingLists:
    """Return the lists with their texts, from the tables ``lists``, ``queries`` and ``qrels`` (all splits)."""
    ordered = lists.sort_values("query_id", ignore_index=True)
    examples = load(collection, ordered, queries, qrels[qrels["split"] == "train"])
    return TrainingLists(name, [_list(examples, q, collection) for q in range(len(examples))])


def _list(examples: Examples, q: int, collection: Collection) -> TrainingList:
    places, query_id = examples.lists[q], examples.query_ids[q]
    ids = _doc_ids(examples, q, collection)
    passages = [
        Passage(doc_id, examples.texts[t], float(score))
        for doc_id, t, score in zip(ids, places, examples.scores[q], strict=True)
    ]
    relevant = np.isin(examples.group[places], examples.relevant[q])
    return TrainingList(
        query_id,
        examples.types[q],
        examples.queries[q],
        [passage for passage, positive in zip(passages, relevant, strict=True) if positive],
        [passage for passage, positive in zip(passages, relevant, strict=True) if not positive],
    )


def _doc_ids(examples: Examples, q: int, collection: Collection) -> list[str]:
    """Return the ids of a list's passages; one that was changed for its query has an id of its own."""
    query_id = examples.query_ids[q]
    ids = []
    for t in examples.lists[q]:
        document = int(examples.document[t])
        own = f"{collection.doc_ids[int(examples.group[t])]}#{query_id}"
        if document < 0 and own in collection.position:
            raise UserError(f"document '{own}': an exported passage needs this id: rename the document in the source")
        ids.append(own if document < 0 else collection.doc_ids[document])
    return ids
