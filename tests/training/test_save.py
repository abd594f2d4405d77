"""The trained student on disk."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer

import tiny
from listill import tables
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training.loop import Result
from listill.training.save import save

TEXTS = [f"{row['title']} {row['text']}" for row in tiny.tiny_documents(12)]
ABOUT = tables.Provenance(
    "models/s/v",
    "f00d",
    {"corpus": "c1"},
    {
        "settings": {"recipe": Recipe(losses={"listwise": 1.0, "contrastive": 0.1}).model_dump(mode="json")},
        "base_model": "org/base",
        "trained": {"human": 3, "lead": 20},
        "teacher_temperature": 0.15234,
    },
)


def trained(folder: Path, **options: object) -> Encoder:
    """Return an encoder whose weights are no longer those of its folder."""
    encoder = Encoder(Student.model_validate({"model": str(folder), "precision": "fp32", **options}), trainable=True)
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in encoder.model.parameters():
            parameter += (0.1 * torch.randn(parameter.shape, generator=draw)).to(parameter.device)
    return encoder


def saved(encoder: Encoder, folder: Path) -> Path:
    save(encoder, folder, ABOUT, 0.25, Result([], best_step=7, best=0.5, kept="step"))
    return folder


def check(encoder: Encoder, folder: Path) -> SentenceTransformer:
    model = SentenceTransformer(str(folder), device=str(encoder.device))
    np.testing.assert_allclose(model.encode_document(TEXTS), encoder.encode(TEXTS, "document"), atol=1e-5)
    np.testing.assert_allclose(model.encode_query(TEXTS), encoder.encode(TEXTS, "query"), atol=1e-5)
    again = Encoder(Student(model=str(folder), precision="fp32"), folder)
    np.testing.assert_allclose(again.encode(TEXTS, "query"), encoder.encode(TEXTS, "query"), atol=1e-5)
    return model


def test_the_embeddings_are_those_of_the_encoder_in_training(tiny_model: Path, tmp_path: Path) -> None:
    encoder = trained(tiny_model)
    untrained = Encoder(Student(model=str(tiny_model), precision="fp32"))
    assert np.abs(untrained.encode(TEXTS, "query") - encoder.encode(TEXTS, "query")).max() > 0.01
    model = check(encoder, saved(encoder, tmp_path / "out"))
    assert model.prompts == tiny.PROMPTS
    assert model.max_seq_length == 64
    assert model.similarity_fn_name == "cosine"
    names = [
        "modules.json",
        "1_Pooling/config.json",
        "tokenizer.json",
        "model.safetensors",
        "listill.json",
        "README.md",
    ]
    assert all((tmp_path / "out" / name).is_file() for name in names)
    assert not list((tmp_path / "out").rglob("*.bin"))


def test_prompts_and_length_of_the_settings_are_saved(tmp_path: Path) -> None:
    plain = tiny.make_tiny_model(tmp_path / "plain", prompts=None)
    encoder = trained(plain, prompts={"query": "the old ", "document": "the "}, max_length=20)
    model = check(encoder, saved(encoder, tmp_path / "out"))
    assert model.prompts == {"query": "the old ", "document": "the "}
    assert model.max_seq_length == 20


@pytest.mark.parametrize(
    ("pooling", "normalize", "similarity"), [("cls", True, None), ("mean", False, "dot"), ("mean", False, "cosine")]
)
def test_pooling_and_similarity_are_kept(tmp_path: Path, pooling: str, normalize: bool, similarity: str | None) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", pooling=pooling, normalize=normalize, similarity=similarity)
    encoder = trained(folder)
    out = saved(encoder, tmp_path / "out")
    model = SentenceTransformer(str(out), device=str(encoder.device))
    vectors = model.encode_document(TEXTS, normalize_embeddings=encoder.normalise)
    np.testing.assert_allclose(vectors, encoder.encode(TEXTS, "document"), atol=1e-5)
    assert model.similarity_fn_name == (similarity or "cosine")
    read = [json.loads((place / "1_Pooling" / "config.json").read_text()) for place in (folder, out)]
    assert read[0] == read[1]


def test_what_is_known_of_a_plain_model_is_saved(tiny_model: Path, tmp_path: Path) -> None:
    """Prompts and pooling that stood in no file of the base model stand in those of the trained one."""
    plain = tmp_path / "e5-base-v2"
    AutoModel.from_pretrained(tiny_model).save_pretrained(plain)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(plain)
    encoder = trained(plain)
    model = check(encoder, saved(encoder, tmp_path / "out"))
    assert model.prompts == {"query": "query: ", "document": "passage: "}
    assert [type(module).__name__ for module in model] == ["Transformer", "Pooling", "Normalize"]
    assert json.loads((tmp_path / "out" / "1_Pooling" / "config.json").read_text())["pooling_mode"] == "mean"


def test_what_is_said_of_it(tiny_model: Path, tmp_path: Path) -> None:
    out = saved(trained(tiny_model), tmp_path / "out")
    assert tables.provenance(out) == ABOUT
    card = (out / "README.md").read_text()
    for text in [
        "# models/s/v",
        "`org/base`",
        "3 human, 20 lead",
        "listwise 1, contrastive 0.1",
        "student 0.03, teacher 0.152, contrastive 0.05",
        "step 7, as they stood",
        "`f00d`",
    ]:
        assert text in card
    assert "| 0.5000 (base: 0.2500) |" in card


def test_what_an_earlier_attempt_left_is_removed(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "half").write_text("")
    saved(trained(tiny_model), tmp_path / "out")
    assert not (tmp_path / "out" / "half").exists()
