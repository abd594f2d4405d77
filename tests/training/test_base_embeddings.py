"""The base model's embeddings of the training texts."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import tiny_training
from listill.ragged import Ragged
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training.base_embeddings import with_base
from listill.training.examples import Examples

SIZE = 6


@pytest.fixture
def examples() -> Examples:
    """The titles are the queries. The last text is a passage from which words were removed."""
    documents = tiny_training.collection(SIZE)
    return Examples(
        query_ids=[f"q{i}" for i in range(SIZE)],
        types=["title"] * SIZE,
        queries=[title or "" for title in documents.titles],
        lists=Ragged.of([np.array([i, (i + 1) % SIZE]) for i in range(SIZE - 1)] + [np.array([SIZE, 0])]),
        scores=Ragged.of([np.array([1, 0], dtype=np.float32)] * SIZE),
        relevant=Ragged.of([np.array([i]) for i in range(SIZE)]),
        texts=[*documents.texts, "the " + documents.texts[-1][20:]],
        group=np.array([*range(SIZE), SIZE - 1]),
        document=np.array([*range(SIZE), -1]),
    )


@pytest.mark.parametrize("tower", ["both", "query"])
def test_they_are_those_of_the_texts_as_they_are_cut(tiny_model: Path, examples: Examples, tower: str) -> None:
    """With tower: query, passages keep the embeddings of the whole passages, which the training uses, too."""
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    # One text is shorter than the limit: it is not encoded again.
    examples = dataclasses.replace(examples, texts=["lava and ash", *examples.texts[1:]])
    queries, texts = encoder.tokenise(examples.queries, "query"), encoder.tokenise(examples.texts, "document")
    corpus = encoder.encode(texts.take(np.arange(SIZE)), "document")
    limit = {"max_length": 12, "query_length": 4, "tower": tower}
    bases = []
    for settings in ({}, limit):
        recipe = Recipe.model_validate({"losses": {"listwise": 1, "anchor": 1}, **settings})
        based = with_base(examples, encoder, corpus, (queries, texts), recipe)
        assert based.base is not None
        bases.append(based.base)
    whole, shorter = bases
    np.testing.assert_allclose(whole[0], encoder.encode(examples.queries, "query"), atol=1e-5)
    np.testing.assert_allclose(whole[1], encoder.encode(examples.texts, "document"), atol=1e-5)
    assert queries.lengths.max() > 4
    np.testing.assert_allclose(shorter[0], encoder.encode(queries.cut(4), "query"), atol=1e-5)
    expected = encoder.encode(texts.cut(12), "document")
    np.testing.assert_allclose(shorter[1], expected if tower == "both" else whole[1], atol=1e-5)
    changed = np.abs(expected - whole[1]).max(1) > 1e-3
    assert changed.tolist() == (texts.lengths > 12).tolist() == [False, *[True] * SIZE]
    assert examples.base is None


def test_without_a_loss_that_uses_them_nothing_is_encoded(
    tiny_model: Path, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    tokens = (encoder.tokenise(examples.queries, "query"), encoder.tokenise(examples.texts, "document"))
    monkeypatch.setattr(encoder, "encode", None)
    recipe = Recipe.model_validate({"losses": {"listwise": 1, "infonce": 1}, "max_length": 12})
    assert with_base(examples, encoder, np.zeros((SIZE, 32)), tokens, recipe) is examples
