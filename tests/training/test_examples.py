"""The training set in memory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval import embeddings
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Negatives, Recipe
from listill.training.batches import collate
from listill.training.examples import Examples, choose_lists, load, load_guide, prepare

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
        "other_ids": [["a", "e"], [], ["b"]],
        "other_scores": [[0.75, 0.25], [], [0.375]],
        "near_positives": [[], [], []],
    }
)
QRELS = pd.DataFrame({"query_id": ["q2", "q2", "q1"], "doc_id": ["e", "d", "d"], "relevance": [1, 2, 0]})


@pytest.fixture
def examples() -> Examples:
    return load(COLLECTION, LISTS, QUERIES, QRELS)


def test_queries_and_lists_keep_their_order(examples: Examples) -> None:
    assert examples.query_ids == ["q3", "q1", "q2"]
    assert examples.types == ["lead", "lead", "title"]
    assert examples.queries == ["Three", "One", "title"]
    assert [row.tolist() for row in examples.scores] == [[1.0, 0.5], [1.0, 0.25, 0.0], [0.5, 0.0]]
    assert len(examples) == 3


def test_the_query_is_removed_from_its_source_passage_only_in_its_own_list(examples: Examples) -> None:
    assert [[examples.texts[t] for t in row] for row in examples.lists] == [
        ["Tc Four c.", "Text b."],
        ["Ta Two a.", "Tc Three. Four c.", "Text b."],
        ["Tc Three. Four c.", "Ta One. Two a."],
    ]


def test_each_text_occurs_once_with_its_group_and_document(examples: Examples) -> None:
    assert len(set(examples.texts)) == len(examples.texts) == 5
    places = {
        text: (int(g), int(d)) for text, g, d in zip(examples.texts, examples.group, examples.document, strict=True)
    }
    assert places == {
        "Ta One. Two a.": (0, 0),
        "Text b.": (1, 1),
        "Tc Three. Four c.": (2, 2),
        "Tc Four c.": (2, -1),
        "Ta Two a.": (0, -1),
    }


def test_relevant_groups(examples: Examples) -> None:
    # e is a duplicate of b. Judgements of 0 are not relevant. The source passage always is.
    assert [sorted(row.tolist()) for row in examples.relevant] == [[2], [0], [1, 2, 3]]


def test_the_candidates_that_lists_leave_out_have_groups_and_scores(examples: Examples) -> None:
    assert examples.left_out is not None
    rows = [(groups.tolist(), scores.tolist()) for groups, scores in zip(*examples.left_out, strict=True)]
    assert rows == [([0, 1], [0.75, 0.25]), ([], []), ([1], [0.375])]
    groups, scores = examples.pool(np.array([1, 0]))
    assert [row.tolist() for row in groups] == [[0, 2, 1], [2, 1, 0, 1]]
    assert [row.tolist() for row in scores] == [[1.0, 0.25, 0.0], [1.0, 0.5, 0.75, 0.25]]
    assert scores.values.dtype == np.float32


def test_lists_made_elsewhere_need_not_say_what_they_leave_out(tmp_path: Path) -> None:
    path, columns = tmp_path / "lists.parquet", ["query_id", "type", "split", "doc_ids", "scores"]
    pq.write_table(pa.Table.from_pandas(LISTS.assign(type="lead", split="train")[columns]), path)
    examples = load(COLLECTION, tables.read(path, "lists"), QUERIES, QRELS)
    assert examples.left_out is None
    assert examples.pool(np.array([0]))[1][0].tolist() == [1.0, 0.5]
    one_missing = LISTS.assign(other_ids=[None, [], ["b"]], other_scores=[None, [], [0.375]])
    assert load(COLLECTION, one_missing, QUERIES, QRELS).pool(np.array([0]))[1][0].tolist() == [1.0, 0.5]


def test_a_relevant_document_outside_the_list_is_no_negative_of_the_step() -> None:
    """q3's list leaves a out, which its teacher scores 0.75 of the top; a is the positive of q1's list."""
    examples = load(COLLECTION, LISTS.iloc[:2], QUERIES, QRELS)
    step = collate(examples, np.arange(2), Negatives())
    negatives = [[examples.texts[t] for t in step.texts[row]] for row in step.negative.numpy()]
    assert negatives == [["Text b."], ["Text b.", "Tc Three. Four c.", "Tc Four c."]]


def test_near_positives_are_positives_of_their_list_and_never_negatives() -> None:
    """q3 has b as a second positive; q1 masks d, whose text is in the list of q2; e is a duplicate of b."""
    near = LISTS.assign(near_positives=[["b"], ["d"], None], doc_ids=[["c", "b"], ["a", "c", "b"], ["c", "d"]])
    examples = load(COLLECTION, near, QUERIES, QRELS.iloc[:0])
    assert [sorted(row.tolist()) for row in examples.relevant] == [[1, 2], [0, 3], [2]]
    step = collate(examples, np.arange(3), Negatives(denoise=1))
    assert step.positives.tolist() == [[True, True, False], [True, False, False], [True, False, False]]
    negatives = [{int(examples.group[t]) for t in step.texts[row]} for row in step.negative.numpy()]
    assert negatives == [{0, 3}, {1, 2}, {0, 1, 3}]
    with pytest.raises(UserError, match="lists: document 'zz' is not in the corpus"):
        load(COLLECTION, LISTS.assign(near_positives=[["zz"], [], []]), QUERIES, QRELS)


def test_unknown_document() -> None:
    two = LISTS.assign(
        doc_ids=[["c", "b"]] * 3, scores=[[1, 0]] * 3, other_ids=[["a", "e"]] * 3, other_scores=[[1, 0]] * 3
    )
    for column in ("doc_ids", "other_ids"):
        lists = two.assign(**{column: [["c", "zz"]] * 3})
        with pytest.raises(UserError, match="lists: document 'zz' is not in the corpus"):
            load(COLLECTION, lists, QUERIES, QRELS)


@pytest.mark.parametrize(("column", "ids"), [("scores", "doc_ids"), ("other_scores", "other_ids")])
def test_every_document_has_one_score(column: str, ids: str) -> None:
    with pytest.raises(UserError, match=rf"^lists: query q3 has 2 {ids}, but 1 {column}: give each document one score"):
        load(COLLECTION, LISTS.assign(**{column: [[1.0]] * 3}), QUERIES, QRELS)


def test_a_list_has_at_least_one_document() -> None:
    with pytest.raises(UserError, match=r"^lists: query q1 has no doc_ids: remove its row, or name its documents"):
        load(COLLECTION, LISTS.assign(doc_ids=[["c", "b"], [], ["c"]], scores=[[1, 0], [], [1]]), QUERIES, QRELS)


# --- choice of lists
# ------------------------------------------------------------------------------------------------------

TYPES = ["lead", "title", "lead", "human", "title", "lead", "human", "lead"]
# Not sorted by id.
ALL_LISTS = pd.DataFrame({"query_id": [f"q{(5 * i) % 8}" for i in range(8)], "type": TYPES})


def chosen_ids(seed: int = 1, **recipe: object) -> list[str]:
    chosen = choose_lists(ALL_LISTS, Recipe.model_validate(recipe), "v", seed)
    assert chosen.index.tolist() == list(range(len(chosen)))
    assert chosen["query_id"].is_monotonic_increasing
    assert chosen["type"].tolist() == [dict(ALL_LISTS.to_numpy())[query] for query in chosen["query_id"]]
    ids: list[str] = chosen["query_id"].tolist()
    return ids


def test_a_share_of_the_lists_is_a_part_of_a_larger_share() -> None:
    """Of those that the recipe takes, and never none."""
    for recipe, total in ((Recipe(), len(ALL_LISTS)), (Recipe(max_lists=4), 4)):
        chosen = [set(choose_lists(ALL_LISTS, recipe, "v", 3, share)["query_id"]) for share in (0.01, 0.5, 1.0)]
        assert [len(part) for part in chosen] == [1, round(total / 2), total]
        assert chosen[0] < chosen[1] < chosen[2] == set(choose_lists(ALL_LISTS, recipe, "v", 3)["query_id"])


def test_all_lists_sorted_by_id() -> None:
    assert chosen_ids() == [f"q{i}" for i in range(8)]


def test_types() -> None:
    human = sorted(ALL_LISTS["query_id"][ALL_LISTS["type"] == "human"])
    assert chosen_ids(types=["human"]) == human
    assert chosen_ids(types=["human", "lead", "title"]) == chosen_ids()
    with pytest.raises(
        UserError, match="variant v: types: no list has the type 'claim'; the types of the lists are human, lead, title"
    ):
        chosen_ids(types=["human", "claim"])


def test_max_lists_are_sampled_with_the_seed() -> None:
    assert chosen_ids(max_lists=3) == chosen_ids(max_lists=3)
    assert len({tuple(chosen_ids(seed, max_lists=3)) for seed in range(20)}) > 5
    assert {len(chosen_ids(seed, max_lists=3)) for seed in range(20)} == {3}
    assert chosen_ids(max_lists=8) == chosen_ids(max_lists=99) == chosen_ids()
    leads = chosen_ids(types=["lead"])
    assert len(leads) == 4
    assert set(chosen_ids(types=["lead"], max_lists=2)) < set(leads)


def test_counts_of_types(examples: Examples) -> None:
    assert examples.counts == {"lead": 2, "title": 1}


def test_prepare_joins_the_chosen_lists_with_the_train_judgements() -> None:
    lists = LISTS.assign(type=["lead", "lead", "title"])
    qrels = pd.concat([QRELS.assign(split="train"), pd.DataFrame([("q1", "c", 1, "test")], columns=[*QRELS, "split"])])
    recipe = Recipe.model_validate({"types": ["lead"]})
    examples = prepare(COLLECTION, lists, QUERIES, qrels, recipe, "v", seed=1)
    assert examples.query_ids == ["q1", "q3"]
    assert [sorted(row.tolist()) for row in examples.relevant] == [[0], [2]]  # the test judgement is ignored


# --- tokens and embeddings --------------------------------------------------------------------------------------------


def test_only_passages_without_their_query_are_tokenised_and_encoded_again(
    tiny_model: Path, examples: Examples
) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    rendered = [COLLECTION.rendered(i) for i in range(5)]
    stored = encoder.tokenise(rendered, "document")
    queries, texts = examples.tokenise(encoder, stored)
    for tokens, expected in [
        (queries, encoder.tokenise(examples.queries, "query")),
        (texts, encoder.tokenise(examples.texts, "document")),
    ]:
        assert len(tokens) == len(expected)
        assert all(np.array_equal(tokens[i], expected[i]) for i in range(len(expected)))
    corpus = encoder.encode(rendered, "document")
    guided = examples.with_guide(encoder, corpus)
    assert guided.guide is not None
    np.testing.assert_allclose(guided.guide[0], encoder.encode(examples.queries, "query"), atol=1e-5)
    np.testing.assert_allclose(guided.guide[1], encoder.encode(examples.texts, "document"), atol=1e-5)
    some_queries, some_texts = examples.embed(encoder, corpus, np.array([2, 0]), np.array([4, 1]))
    np.testing.assert_allclose(some_queries, guided.guide[0][[2, 0]], atol=1e-5)
    np.testing.assert_allclose(some_texts, guided.guide[1][[4, 1]], atol=1e-5)
    assert examples.guide is None


def test_the_guide_is_loaded_with_its_stored_embeddings(tiny_model: Path, tmp_path: Path, examples: Examples) -> None:
    model = Student(model=str(tiny_model), precision="fp32")
    encoder, file = Encoder(model), tmp_path / "embeddings.parquet"
    corpus = encoder.encode([COLLECTION.rendered(i) for i in range(5)], "document")
    table = embeddings.as_table(COLLECTION.doc_ids, corpus)
    tables.write(file, "embeddings", table, tables.Provenance("embeddings", "f"))
    guided, expected = load_guide(examples, COLLECTION, model, file), examples.with_guide(encoder, corpus)
    assert guided.guide is not None
    assert expected.guide is not None
    for vectors, expected_vectors in zip(guided.guide, expected.guide, strict=True):
        np.testing.assert_allclose(vectors, expected_vectors, atol=1e-5)
    for missing in ({"model": None, "file": file}, {"model": model, "file": None}):
        with pytest.raises(UserError, match=r"training\.negatives\.guide is set, but the option --guide"):
            load_guide(examples, COLLECTION, **missing)  # type: ignore[arg-type]
