"""The encoder against SentenceTransformer."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

import tiny
from listill.errors import UserError
from listill.retrieval.encoder import Encoder, Kind
from listill.settings.students import Student

TEXTS = ["Lava", "", *(f"{row['title']} {row['text']}" for row in tiny.tiny_documents(40)), "Zürich? no: 12%"]


def encoder(folder: Path, **options: object) -> Encoder:
    return Encoder(Student.model_validate({"model": str(folder), "precision": "fp32", **options}))


def theirs(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device=str(encoder(folder).device))


def test_embeddings_equal_those_of_sentence_transformers(tiny_model: Path) -> None:
    ours, reference = encoder(tiny_model), theirs(tiny_model)
    queries, documents = ours.encode(TEXTS, "query"), ours.encode(TEXTS, "document")
    np.testing.assert_allclose(queries, reference.encode_query(TEXTS), atol=1e-5)
    np.testing.assert_allclose(documents, reference.encode_document(TEXTS), atol=1e-5)
    assert queries.dtype == np.float32
    assert queries.shape == (len(TEXTS), ours.dimension)
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)
    # Queries and documents differ, so that the test is sensitive to the prompts.
    assert np.abs(queries - documents).max() > 1e-2


def test_prompts_are_prepended_to_the_text(tiny_model: Path) -> None:
    ours, reference = encoder(tiny_model), theirs(tiny_model)
    assert (ours.prompt("query"), ours.prompt("document")) == ("query: ", "passage: ")
    np.testing.assert_allclose(
        ours.encode(["old lava"], "query"), reference.encode(["query: old lava"], prompt=""), atol=1e-5
    )


def test_prompts_of_the_settings(tiny_model: Path, tmp_path: Path) -> None:
    plain = tiny.make_tiny_model(tmp_path / "plain", prompts=None)
    assert encoder(plain).prompt("query") in (None, "")
    prompted = encoder(plain, prompts={"query": "query: ", "document": "passage: "})
    expected = encoder(tiny_model)
    kinds: tuple[Kind, ...] = ("query", "document")
    for kind in kinds:
        np.testing.assert_allclose(prompted.encode(TEXTS, kind), expected.encode(TEXTS, kind), atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"prompts": {"query": "ask ", "document": "the old "}},
        {"prompts": {"query": "ask ", "passage": "the old "}},
        {"prompts": {"query": "ask ", "corpus": "the old "}},
        {"prompts": {"any": "the old "}, "default_prompt_name": "any"},
        {"prompts": {"any": "the old ", "query": "ask "}, "default_prompt_name": "any"},
        {"prompts": {"any": "the old "}, "default_prompt_name": None},
        {"prompts": {}},
    ],
)
def test_prompts_are_selected_as_in_sentence_transformers(
    tiny_model: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Other people's model folders may use prompt names that differ from SentenceTransformers' current ones."""
    folder = Path(shutil.copytree(tiny_model, tmp_path / "m"))
    file = folder / "config_sentence_transformers.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"default_prompt_name": None} | changes))
    ours, reference = encoder(folder), theirs(folder)
    np.testing.assert_allclose(ours.encode(TEXTS, "document"), reference.encode_document(TEXTS), atol=1e-5)
    np.testing.assert_allclose(ours.encode(TEXTS, "query"), reference.encode_query(TEXTS), atol=1e-5)


def test_prompts_excluded_from_pooling(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "m"))
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | {"include_prompt": False}))
    vectors = encoder(folder).encode(TEXTS, "document")
    np.testing.assert_allclose(vectors, theirs(folder).encode_document(TEXTS), atol=1e-5)
    assert np.abs(vectors - encoder(tiny_model).encode(TEXTS, "document")).max() > 1e-2


def test_texts_are_truncated_to_max_length(tiny_model: Path) -> None:
    short = encoder(tiny_model, max_length=8)
    assert short.max_length == 8
    reference = theirs(tiny_model)
    reference.max_seq_length = 8
    np.testing.assert_allclose(short.encode(TEXTS, "document"), reference.encode_document(TEXTS), atol=1e-5)
    # [CLS] passage : + 4 words + [SEP]: the words after the fourth have no effect.
    texts = ["old lava near the volcano", "old lava near the bakery"]
    truncated = short.encode(texts, "document")
    np.testing.assert_array_equal(truncated[0], truncated[1])
    complete = encoder(tiny_model).encode(texts, "document")
    assert np.abs(complete[0] - complete[1]).max() > 1e-3


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("normalize", [True, False])
def test_embeddings_of_dot_product_models_are_not_normalised(tmp_path: Path, pooling: str, normalize: bool) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", pooling=pooling, normalize=normalize, similarity="dot")
    ours = encoder(folder)
    assert not ours.normalise
    vectors = ours.encode(TEXTS, "document")
    np.testing.assert_allclose(vectors, theirs(folder).encode_document(TEXTS), atol=1e-5)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3) == normalize


def test_embeddings_of_cosine_models_without_a_normalise_module_are_normalised(tmp_path: Path) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", normalize=False, similarity="cosine")
    ours, reference = encoder(folder), theirs(folder)
    assert ours.normalise
    queries, documents = ours.encode(TEXTS[:5], "query"), ours.encode(TEXTS, "document")
    expected = reference.similarity(reference.encode_query(TEXTS[:5]), reference.encode_document(TEXTS))
    np.testing.assert_allclose(queries @ documents.T, expected, atol=1e-5)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_cut_embeddings_equal_those_of_sentence_transformers(tmp_path: Path, similarity: str) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", normalize=False, similarity=similarity)
    encoder = Encoder(Student(model=str(folder), precision="fp32"))
    whole = encoder.encode(TEXTS, "document")
    model = SentenceTransformer(str(folder), device=str(encoder.device), truncate_dim=8)
    expected = model.encode_document(TEXTS, normalize_embeddings=similarity == "cosine")
    np.testing.assert_allclose(encoder.cut_to(8, whole), expected, atol=1e-5)
    assert encoder.dimension == 8
    np.testing.assert_allclose(encoder.encode(TEXTS, "document"), expected, atol=1e-5)


def test_other_similarities_are_rejected(tmp_path: Path) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", similarity="euclidean")
    with pytest.raises(UserError, match="similarity 'euclidean' is not supported"):
        encoder(folder)


def test_batches_contain_each_text_once_longest_first(tiny_model: Path) -> None:
    small_batches = encoder(tiny_model)
    small_batches.token_budget = 100
    tokens = small_batches.tokenise(TEXTS, "document")
    positions = [i for chosen, _ in small_batches.batches(tokens, "document") for i in chosen]
    assert sorted(positions) == list(range(len(TEXTS)))
    lengths = [len(tokens[i]) for i in positions]
    assert lengths == sorted(lengths, reverse=True)
    default = encoder(tiny_model)
    np.testing.assert_allclose(small_batches.encode(TEXTS, "document"), default.encode(TEXTS, "document"), atol=1e-6)
    assert default.encode([], "document").shape == (0, 32)


def test_token_vectors(tiny_model: Path) -> None:
    ours = encoder(tiny_model)
    tokens = ours.token_vectors(TEXTS, "document")
    reference = theirs(tiny_model)
    for text, matrix in zip(TEXTS, tokens, strict=True):
        (expected,) = reference.encode([text], prompt="passage: ", output_value="token_embeddings")
        expected = torch.nn.functional.normalize(expected, dim=-1)
        assert matrix.shape == expected.shape
        np.testing.assert_allclose(matrix.float().numpy(), expected.numpy(), atol=0.01)  # bf16


def test_trainable_models_compute_gradients_in_fp32_weights(tiny_model: Path) -> None:
    student = Student(model=str(tiny_model), precision="bf16")
    trainable, frozen = Encoder(student, trainable=True), Encoder(student)
    assert {p.dtype for p in trainable.model.parameters()} == {torch.float32}
    assert {p.dtype for p in frozen.model.parameters()} == {torch.bfloat16}
    assert not trainable.model.training
    vectors = trainable.forward(trainable.tokenise(TEXTS[:3], "query"), np.arange(3), "query")["sentence_embedding"]
    assert vectors.dtype == torch.float32
    vectors.sum().backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in trainable.model.parameters())
    reference = encoder(tiny_model).encode(TEXTS, "query")
    for bf16 in (trainable, frozen):
        assert (bf16.encode(TEXTS, "query") * reference).sum(1).min() > 0.98


def test_a_model_without_a_maximum_length(tmp_path: Path) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m")
    ours = encoder(folder)
    ours.model.max_seq_length = None
    with pytest.raises(UserError, match="has no maximum length; set max_length of the student"):
        _ = ours.max_length


def test_a_folder_that_cannot_be_loaded(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "m"))
    (folder / "config.json").write_text('{"model_type": "no-such-model"}')
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        encoder(folder)
    assert "\n" not in str(caught.value)
