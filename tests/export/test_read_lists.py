"""The training lists are joined with their texts."""

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.export.read_lists import training_lists


def tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    lists = pd.DataFrame(
        {
            "query_id": ["b", "a"],
            "type": ["cloze", "human"],
            "split": "train",
            "doc_ids": [["d1", "d2"], ["d2", "d3", "d1"]],
            "scores": [[1.0, 0.5], [0.75, 0.5, 0.25]],
            "other_ids": [[], []],
            "other_scores": [[], []],
            "near_positives": [None, ["d1"]],
        }
    )
    queries = pd.DataFrame(
        {
            "query_id": ["a", "b"],
            "text": ["waves", "it flows"],
            "doc_id": ["d2", "d1"],
            "type": ["human", "cloze"],
            "start": [None, 5],
            "end": [None, 13],
        }
    )
    qrels = pd.DataFrame(
        {"query_id": ["a", "a"], "doc_id": ["d3", "d1"], "relevance": [1, 1], "split": ["train", "test"]}
    )
    return lists, queries, qrels


def collection(first: str = "d1") -> Collection:
    texts = ["Lava it flows down", "the sea", "tide"]
    return Collection([first, "d2", "d3"], ["Rocks", None, None], texts, np.arange(3))


def test_texts_scores_and_positives() -> None:
    exported = training_lists("small", collection(), *tables())
    assert [one.query_id for one in exported.lists] == ["a", "b"]
    human, cloze = exported.lists
    # The source passage, the judged one, and the near positive; a judgement of the test split is not one of training.
    assert [tuple(one) for one in human.positives] == [
        ("d2", "the sea", 0.75),
        ("d3", "tide", 0.5),
        ("d1", "Rocks Lava it flows down", 0.25),
    ]
    assert human.negatives == []
    # The query was taken from the passage: the exported passage lacks it, and has an id of its own.
    assert [tuple(one) for one in cloze.positives] == [("d1#b", "Rocks Lava down", 1.0)]
    assert [one.doc_id for one in cloze.negatives] == ["d2"]


def test_an_id_that_a_document_has_already_is_refused() -> None:
    lists, queries, qrels = tables()
    taken = Collection(
        ["d1", "d2", "d3", "d1#b"], [None] * 4, ["Lava it flows down", "the sea", "tide", "x"], np.arange(4)
    )
    with pytest.raises(UserError, match="document 'd1#b': an exported passage needs this id: rename the document"):
        training_lists("small", taken, lists, queries, qrels)
