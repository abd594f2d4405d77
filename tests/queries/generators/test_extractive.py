"""The generator extractive: queries extracted from passages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import tiny
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.frozen import parse
from listill.queries.generators.extractive import Extractive

TYPES = {"title": 1, "keyphrases": 1, "lead": 1, "cloze": 2, "crop": 3}


@pytest.fixture(scope="module")
def corpus() -> Collection:
    rows = tiny.tiny_documents(30)
    titles: list[str | None] = [row["title"] for row in rows]
    return Collection([row["_id"] for row in rows], titles, [row["text"] for row in rows], np.arange(len(rows)))


def generate_one(title: str | None, text: str, **settings: object) -> pd.DataFrame:
    alone = Collection(["d"], [title], [text], np.arange(1))
    return Extractive(kind="extractive", **settings).generate(alone, [0], 7)  # type: ignore[arg-type]


def settings(**more: object) -> Extractive:
    return Extractive.model_validate({"kind": "extractive", "types": TYPES, **more})


def test_every_type_has_its_columns(corpus: Collection) -> None:
    frame = settings().generate(corpus, list(range(30)), 7)
    assert frame["query_id"].is_unique
    assert set(frame["type"]) == set(TYPES)
    assert set(frame["doc_id"]) == set(corpus.doc_ids)
    assert (frame["generator"] == "extractive").all()
    assert (frame["seed"] == 7).all()
    cut = frame["type"].isin(["lead", "cloze", "crop"])
    assert frame.loc[cut, ["start", "end"]].notna().all(axis=None)
    assert frame.loc[~cut, ["start", "end"]].isna().all(axis=None)
    assert frame.loc[frame["type"] == "title", "text"].tolist() == corpus.titles


def test_without_dropout_the_recorded_span_is_the_query(corpus: Collection) -> None:
    frame = settings(dropout=0).generate(corpus, list(range(30)), 7)
    cut = frame[frame["start"].notna()]
    assert cut["type"].value_counts().min() >= 30
    for row in cut.itertuples():
        text = corpus.texts[list(corpus.doc_ids).index(row.doc_id)]
        assert text[row.start : row.end] == row.text
        before = text[: row.start]
        if row.type == "lead":
            assert before == ""
            assert row.text.endswith(".")
        if row.type == "cloze":
            assert before.endswith(". ")
            assert row.text.endswith(".")
        if row.type == "crop":
            assert not before or before[-1] == " "
            assert 5 <= len(row.text.split()) <= 12


def test_dropout_keeps_the_order_of_words(corpus: Collection) -> None:
    frame = settings(dropout=0.3).generate(corpus, list(range(30)), 7)
    cut = frame[frame["start"].notna()]
    shares = []
    for row in cut.itertuples():
        span_words = corpus.texts[list(corpus.doc_ids).index(row.doc_id)][row.start : row.end].split()
        rest = iter(span_words)
        assert all(word in rest for word in row.text.split())
        shares.append(len(row.text.split()) / len(span_words))
    assert 0.65 < np.mean(shares) < 0.75


def test_if_all_words_are_dropped_the_whole_span_is_kept() -> None:
    text = "The violin leads all others here. " + "Many words follow in this passage of ten words. " * 2
    frame = generate_one(None, text, types={"lead": 1}, dropout=1.0)
    assert frame["text"].tolist() == ["The violin leads all others here."]


def test_the_query_is_removed_from_the_passage(corpus: Collection) -> None:
    frame = settings(dropout=0).generate(corpus, list(range(30)), 7)
    for row in frame[frame["start"].notna()].itertuples():
        i = list(corpus.doc_ids).index(row.doc_id)
        left = corpus.without(i, row.start, row.end)
        assert row.text not in left
        assert left.startswith(corpus.titles[i] or "")
        assert "  " not in left
        original, rest = corpus.rendered(i).split(), left.split()
        taken = row.text.split()
        place = len((corpus.titles[i] or "").split()) + len(corpus.texts[i][: row.start].split())
        assert rest == original[:place] + original[place + len(taken) :]
        assert len(rest) - len((corpus.titles[i] or "").split()) >= 8


def test_removal_at_the_start_and_end_of_a_passage() -> None:
    collection = Collection(["a", "b"], ["T", None], ["One two. Three four.", "One two. Three four."], np.arange(2))
    assert collection.without(0, 0, 8) == "T Three four."
    assert collection.without(0, 9, 20) == "T One two."
    assert collection.without(1, 0, 8) == "Three four."
    assert collection.without(1, 0, 20) == ""


def test_a_query_only_depends_on_its_passage_type_and_number(corpus: Collection) -> None:
    all_queries = settings().generate(corpus, list(range(30)), 7).set_index("query_id")
    part = settings(types={"crop": 1, "cloze": 1}).generate(corpus, [12, 3], 7).set_index("query_id")
    assert sorted(part.index) == ["d003:cloze:0", "d003:crop:0", "d012:cloze:0", "d012:crop:0"]
    pd.testing.assert_frame_equal(part, all_queries.loc[part.index])
    keys = settings(types={"keyphrases": 1}).generate(corpus, [12], 7)
    assert keys["text"].tolist() == [all_queries.loc["d012:keyphrases:0", "text"]]


def test_the_seed_matters(corpus: Collection) -> None:
    texts = [settings().generate(corpus, [0, 1, 2], seed).set_index("query_id")["text"] for seed in (7, 7, 8)]
    assert texts[0].equals(texts[1])
    both = texts[0].index.intersection(texts[2].index)
    assert (texts[0][both] != texts[2][both]).mean() > 0.5


def test_queries_of_one_passage_and_type_differ(corpus: Collection) -> None:
    frame = settings(types={"cloze": 5}, dropout=0).generate(corpus, list(range(30)), 7)
    assert not frame.duplicated(["doc_id", "text"]).any()
    assert frame.groupby("doc_id").size().max() > 1


def test_key_phrases_have_a_high_tf_idf_and_do_not_overlap(corpus: Collection) -> None:
    frame = settings(types={"keyphrases": 1}, phrases=4).generate(corpus, list(range(30)), 7)
    common = {"the", "and", "of", "with", "before", "they"}
    for row in frame.itertuples():
        words = row.text.split()
        assert 4 <= len(words) <= 8
        assert not common & set(words)
        assert all(word in corpus.rendered(list(corpus.doc_ids).index(row.doc_id)).lower() for word in words)
    # A word that occurs in a single document has a higher tf-idf than a word of all documents.
    texts = ["alpha common thing", "beta common thing", "gamma common thing"]
    three = Collection(["a", "b", "c"], [None] * 3, texts, np.arange(3))
    phrases = settings(types={"keyphrases": 1}, phrases=1).generate(three, [0, 1, 2], 7)["text"]
    assert [text.split()[0] for text in phrases] == ["alpha", "beta", "gamma"]


@pytest.mark.parametrize(
    ("title", "text", "kind"),
    [
        (None, "Words and words.", "title"),
        ("", "Words and words.", "title"),
        (None, "Only one sentence stands here and nothing else at all.", "lead"),
        (None, "Only one sentence stands here and nothing else at all.", "cloze"),
        (None, "Too short to be cropped.", "crop"),
        (None, "the of and to", "keyphrases"),
    ],
)
def test_passages_without_a_query_of_a_type(title: str | None, text: str, kind: str) -> None:
    assert generate_one(title, text, types={kind: 1}).empty


def test_a_sentence_is_not_used_if_too_few_words_would_remain() -> None:
    text = "This sentence here has six words. Four words are left."
    assert generate_one(None, text, types={"lead": 1, "cloze": 1}).empty
    assert len(generate_one(None, text + " And four others here.", types={"lead": 1}, dropout=0)) == 1


def test_the_minimum_of_crop_words_is_not_above_the_maximum() -> None:
    with pytest.raises(UserError, match=r"crop_words: the minimum \(9\) is above the maximum \(5\): swap them"):
        parse(Extractive, {"kind": "extractive", "crop_words": [9, 5]}, "config")


def test_no_passages(corpus: Collection) -> None:
    assert settings().generate(corpus, [], 7).empty


SHIPPED = sorted((Path(__file__).parents[3] / "config").glob("*.yaml"))


def types_of(path: Path) -> dict[str, int]:
    """Return the types of the extractive generator in a shipped config; empty for another generator."""
    generator = yaml.safe_load(path.read_text())["generation"]["generator"]
    return generator["types"] if generator["kind"] == "extractive" else {}


@pytest.mark.parametrize("types", [None, *map(types_of, SHIPPED)], ids=["default", *(path.stem for path in SHIPPED)])
def test_types_that_are_shipped_leave_no_words_of_the_query_in_the_passage(
    types: dict[str, int] | None, corpus: Collection
) -> None:
    """The words of titles and key phrases stay in the passage that is trained; measurements do not support them."""
    if types == {}:
        pytest.skip("queries are not extracted")
    generator = Extractive.model_validate({"kind": "extractive"} | ({} if types is None else {"types": types}))
    frame = generator.generate(corpus, list(range(30)), 7)
    assert len(frame) > 30
    assert frame["start"].notna().all()
