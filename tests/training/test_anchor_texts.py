"""Texts of another corpus beside those of the lists: what a step has of them, and what the losses do with them."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
import tiny_training
from listill import tables
from listill.errors import UserError
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Negatives, Recipe, Temperatures
from listill.stages import encode
from listill.stages.job import Job
from listill.training.anchor_texts import Texts, with_anchor_texts
from listill.training.base_embeddings import with_base
from listill.training.batches import collate
from listill.training.objective import weighted

SIZE, OTHER = 8, 12
LOSSES = {"listwise": 1, "infonce": 1, "anchor": 1, "anchor_kl": 1}


def recipe(**settings: object) -> Recipe:
    """Return a recipe with an anchor on three passages of another corpus in each step of four queries."""
    given = {"losses": LOSSES, "batch": 4, "anchor_texts": {"corpus": "general", "passages": 3}, **settings}
    return Recipe.model_validate(given)


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> Encoder:
    return Encoder(Student(model=str(tiny_model), precision="fp32"))


@pytest.fixture
def texts(encoder: Encoder) -> Texts:
    """The examples of a training, with the tokens and embeddings of its corpus."""
    documents = tiny_training.collection(SIZE)
    tokens = encoder.tokenise(documents.texts, "document")
    return Texts(tiny_training.training_set(documents), tokens, encoder.encode(tokens, "document"))


@pytest.fixture(scope="module")
def general(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Another corpus with its tokens and embeddings."""
    folder = tmp_path_factory.mktemp("general")
    rows = tiny.tiny_documents(OTHER, seed=5)
    data = {"doc_id": [r["_id"] for r in rows], "title": [r["title"] for r in rows], "text": [r["text"] for r in rows]}
    files = [folder / f"{name}.parquet" for name in ("corpus", "tokens", "embeddings")]
    about = tables.Provenance("corpus", "g", corpus="general")
    tables.write(files[0], "corpus", {**data, "duplicate_of": [None] * OTHER}, about)
    settings = encode.EncodeStage(system="s", student=Student(model=str(tiny_model), precision="fp32"))
    encode.run(settings, Job("encode", "f", {}, settings, 1, "general"), files[0], files[2], tokens_out=files[1])
    return files


def test_a_sample_of_the_other_corpus_follows_the_texts_of_the_lists(
    encoder: Encoder, texts: Texts, general: list[Path]
) -> None:
    extended = with_anchor_texts(texts, general, recipe(), seed=1)
    examples = extended.examples
    assert examples.anchors is not None
    assert examples.anchors.tolist() == list(range(SIZE, SIZE + 6))  # two steps with three passages each
    assert examples.texts[:SIZE] == texts.examples.texts
    assert len(set(examples.group.tolist())) == len(examples.texts)
    queries, tokens = examples.tokenise(encoder, extended.tokens)
    based = with_base(examples, encoder, extended.embeddings, (queries, tokens), recipe())
    assert based.base is not None
    np.testing.assert_allclose(based.base[1], encoder.encode(examples.texts, "document"), atol=1e-5)
    again, other = (with_anchor_texts(texts, general, recipe(), seed).examples.texts for seed in (1, 2))
    assert again == examples.texts != other
    everything = with_anchor_texts(texts, general, recipe(epochs=9), seed=1).examples
    assert len(everything.texts) == SIZE + OTHER


def test_each_step_has_some_of_them_which_are_no_negatives(encoder: Encoder, texts: Texts, general: list[Path]) -> None:
    """The other losses have the values that they have without these texts; the anchor has a gradient on them."""
    extended = with_anchor_texts(texts, general, recipe(), seed=1)
    tokens = extended.examples.tokenise(encoder, extended.tokens)
    examples = with_base(extended.examples, encoder, extended.embeddings, tokens, recipe())
    chosen = np.array([0, 3, 5, 6])
    step = collate(examples, chosen, Negatives())
    without = collate(texts.examples, chosen, Negatives())
    assert (step.texts[:-3] == without.texts).all()
    assert set(step.texts[-3:]) <= set(range(SIZE, SIZE + 6))
    assert not step.negative[:, -3:].any()
    assert step.base is not None
    assert step.base.shape == (4 + len(step.texts), encoder.dimension)
    assert (collate(examples, chosen, Negatives()).texts == step.texts).all()
    assert (collate(examples, chosen[::-1].copy(), Negatives()).texts[-3:] != step.texts[-3:]).any()

    draw = torch.nn.functional.normalize(torch.randn(4 + len(step.texts), encoder.dimension), dim=1)
    queries, documents = draw[:4], draw[4:].clone().requires_grad_()
    _, values = weighted(step, queries, documents, {"listwise": 1, "infonce": 1}, Temperatures(teacher=0.1))
    _, expected = weighted(without, queries, documents[:-3], {"listwise": 1, "infonce": 1}, Temperatures(teacher=0.1))
    assert values == pytest.approx(expected)
    for loss in ("anchor", "anchor_kl"):
        documents.grad = None
        weighted(step, queries, documents, {loss: 1}, Temperatures())[0].backward()
        assert documents.grad is not None
        assert documents.grad[-3:].abs().min(0).values.max() > 0


def test_without_the_key_nothing_changes(texts: Texts) -> None:
    assert with_anchor_texts(texts, [], recipe(anchor_texts=None), seed=1) is texts


def test_errors(texts: Texts, general: list[Path]) -> None:
    with pytest.raises(UserError, match=r"training\.anchor_texts: no loss uses them: add the loss `anchor`"):
        with_anchor_texts(texts, general, recipe(losses={"listwise": 1}), seed=1)
    with pytest.raises(UserError, match=r"training\.anchor_texts: pass corpus\.parquet.*--anchor-texts"):
        with_anchor_texts(texts, general[:1], recipe(), seed=1)
