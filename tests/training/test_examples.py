"""The training set in memory."""

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.training.examples import Examples, load

COLLECTION = Collection(
    ["a", "b", "c", "d", "e"],
    ["Ta", None, "Tc", "Td", None],
    ["One. Two a.", "Text b.", "Three. Four c.", "Text d.", "text B."],
    np.array([0, 1, 2, 3, 1]),
)
QUERIES = pd.DataFrame(
    [("q1", "One", "lead", "a", 0, 4), ("q2", "title", "title", "c", pd.NA, pd.NA), ("q3", "Three", "lead", "c", 0, 6)],
    columns=["query_id", "text", "type", "doc_id", "start", "end"],
).astype({"start": "Int32", "end": "Int32"})
LISTS = pd.DataFrame(
    {
        "query_id": ["q3", "q1", "q2"],
        "doc_ids": [["c", "b"], ["a", "c", "b"], ["c", "a"]],
        "scores": [[1.0, 0.5], [1.0, 0.25, 0.0], [0.5, 0.0]],
    }
)
QRELS = pd.DataFrame({"query_id": ["q2", "q2", "q1"], "doc_id": ["e", "d", "d"], "relevance": [1, 2, 0]})


@pytest.fixture
def examples() -> Examples:
    return load(COLLECTION, LISTS, QUERIES, QRELS)


def test_queries_and_lists_in_order(examples: Examples) -> None:
    assert examples.query_ids == ["q3", "q1", "q2"]
    assert examples.types == ["lead", "lead", "title"]
    assert examples.queries == ["Three", "One", "title"]
    assert [row.tolist() for row in examples.scores] == [[1.0, 0.5], [1.0, 0.25, 0.0], [0.5, 0.0]]
    assert len(examples) == 3


def test_the_source_passage_is_without_its_query_in_its_own_list_only(examples: Examples) -> None:
    assert [[examples.texts[t] for t in row] for row in examples.lists] == [
        ["Tc Four c.", "Text b."],
        ["Ta Two a.", "Tc Three. Four c.", "Text b."],
        ["Tc Three. Four c.", "Ta One. Two a."],
    ]


def test_each_text_stands_once_and_knows_its_group_and_document(examples: Examples) -> None:
    assert len(set(examples.texts)) == len(examples.texts) == 5
    of = {text: (int(g), int(d)) for text, g, d in zip(examples.texts, examples.group, examples.document, strict=True)}
    assert of == {
        "Ta One. Two a.": (0, 0),
        "Text b.": (1, 1),
        "Tc Three. Four c.": (2, 2),
        "Tc Four c.": (2, -1),
        "Ta Two a.": (0, -1),
    }


def test_what_is_relevant(examples: Examples) -> None:
    # e is a duplicate of b; judgements of 0 are not relevant; the source always is.
    assert [sorted(row.tolist()) for row in examples.relevant] == [[2], [0], [1, 2, 3]]


def test_unknown_documents_are_named() -> None:
    with pytest.raises(UserError, match="lists: document 'zz' is not in the corpus"):
        load(COLLECTION, LISTS.assign(doc_ids=[["c", "zz"]] * 3), QUERIES, QRELS)
