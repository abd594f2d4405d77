"""The training set in memory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training.examples import Examples, choose_lists, load

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


# --- which lists ------------------------------------------------------------------------------------------------------

TYPES = ["lead", "title", "lead", "human", "title", "lead", "human", "lead"]
# Not in the order of their ids.
ALL_LISTS = pd.DataFrame({"query_id": [f"q{(5 * i) % 8}" for i in range(8)], "type": TYPES})


def picked(seed: int = 1, **recipe: object) -> list[str]:
    found = choose_lists(ALL_LISTS, Recipe.model_validate(recipe), "v", seed)
    assert found.index.tolist() == list(range(len(found)))
    assert found["query_id"].is_monotonic_increasing
    assert found["type"].tolist() == [dict(ALL_LISTS.to_numpy())[query] for query in found["query_id"]]
    ids: list[str] = found["query_id"].tolist()
    return ids


def test_all_lists_in_the_order_of_their_ids() -> None:
    assert picked() == [f"q{i}" for i in range(8)]


def test_lists_of_some_types() -> None:
    human = sorted(ALL_LISTS["query_id"][ALL_LISTS["type"] == "human"])
    assert picked(types=["human"]) == human
    assert picked(types=["human", "lead", "title"]) == picked()
    with pytest.raises(UserError, match="variant v: no list is of type 'claim'; there are human, lead, title"):
        picked(types=["human", "claim"])


def test_so_many_lists_drawn_with_the_seed() -> None:
    assert picked(max_lists=3) == picked(max_lists=3)
    assert len({tuple(picked(seed, max_lists=3)) for seed in range(20)}) > 5
    assert {len(picked(seed, max_lists=3)) for seed in range(20)} == {3}
    assert picked(max_lists=8) == picked(max_lists=99) == picked()
    of_lead = picked(types=["lead"])
    assert len(of_lead) == 4
    assert set(picked(types=["lead"], max_lists=2)) < set(of_lead)


def test_counts_of_types(examples: Examples) -> None:
    assert examples.counts == {"lead": 2, "title": 1}


# --- tokens and embeddings --------------------------------------------------------------------------------------------


def test_passages_without_their_query_are_read_anew_all_others_from_the_stored_corpus(
    tiny_model: Path, examples: Examples
) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    rendered = [COLLECTION.rendered(i) for i in range(5)]
    stored = encoder.tokenise(rendered, "document")
    queries, texts = examples.tokenise(encoder, stored)
    for found, wanted in [
        (queries, encoder.tokenise(examples.queries, "query")),
        (texts, encoder.tokenise(examples.texts, "document")),
    ]:
        assert len(found) == len(wanted)
        assert all(np.array_equal(found[i], wanted[i]) for i in range(len(wanted)))
    corpus = encoder.encode(rendered, "document")
    guided = examples.with_guide(encoder, corpus)
    assert guided.guide is not None
    np.testing.assert_allclose(guided.guide[0], encoder.encode(examples.queries, "query"), atol=1e-5)
    np.testing.assert_allclose(guided.guide[1], encoder.encode(examples.texts, "document"), atol=1e-5)
    one, two = examples.embed(encoder, corpus, np.array([2, 0]), np.array([4, 1]))
    np.testing.assert_allclose(one, guided.guide[0][[2, 0]], atol=1e-5)
    np.testing.assert_allclose(two, guided.guide[1][[4, 1]], atol=1e-5)
    assert examples.guide is None
