"""Read the training lists of a student with their texts."""

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.export.training_lists import Passage, TrainingList, TrainingLists
from listill.training.examples import Examples, load


def training_lists(
    name: str, collection: Collection, lists: pd.DataFrame, queries: pd.DataFrame, qrels: pd.DataFrame
) -> TrainingLists:
    """Return the lists with their texts, from the tables ``lists``, ``queries`` and ``qrels`` (all splits)."""
    ordered = lists.sort_values("query_id", ignore_index=True)
    examples = load(collection, ordered, queries, qrels[qrels["split"] == "train"])
    _check_new_ids(examples, collection)
    return TrainingLists(name, [_list(examples, q, collection) for q in range(len(examples))])


def _check_new_ids(examples: Examples, collection: Collection) -> None:
    """Raise UserError if a document has the id that a passage which was changed for its query gets."""
    changed = [(q, t) for q, row in enumerate(examples.lists) for t in row if examples.document[t] < 0]
    new_ids = [_new_id(examples, q, t, collection) for q, t in changed]
    for new_id, position in zip(new_ids, collection.doc_ids.positions(new_ids), strict=True):
        if position >= 0:
            raise UserError(
                f"document '{new_id}': an exported passage needs this id: rename the document in the source"
            )


def _new_id(examples: Examples, q: int, t: int, collection: Collection) -> str:
    return f"{collection.doc_ids[examples.group[t]]}#{examples.query_ids[q]}"


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
    return [
        _new_id(examples, q, t, collection) if examples.document[t] < 0 else collection.doc_ids[examples.document[t]]
        for t in examples.lists[q]
    ]
