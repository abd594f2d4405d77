"""What the config says of a model counts first, then its folder, then what is known of it."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import AutoModel, AutoTokenizer

import tiny
from listill.errors import UserError
from listill.models.loading import _fill_in
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

TEXTS = ["Lava", *(f"{row['title']} {row['text']}" for row in tiny.tiny_documents(20))]


def encoder(folder: Path, **options: Any) -> Encoder:
    return Encoder(Student.model_validate({"model": str(folder), "precision": "fp32", **options}))


@pytest.fixture
def plain(tiny_model: Path, tmp_path: Path) -> Path:
    """A folder as transformers writes it: nothing of SentenceTransformers in it."""
    folder = tmp_path / "plain"
    AutoModel.from_pretrained(tiny_model).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    assert not (folder / "modules.json").exists()
    return folder


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken", "max"])
def test_a_plain_folder_with_pooling(plain: Path, pooling: Any) -> None:
    ours = encoder(plain, pooling=pooling, max_length=32)
    transformer = Transformer(str(plain))
    transformer.max_seq_length = 32
    reference = SentenceTransformer(
        modules=[transformer, Pooling(transformer.get_embedding_dimension(), pooling), Normalize()],
        device=str(ours.device),
    )
    np.testing.assert_allclose(ours.encode(TEXTS, "document"), reference.encode(TEXTS), atol=1e-5)
    assert ours.normalise


def test_poolings_differ(plain: Path) -> None:
    vectors = [encoder(plain, pooling=pooling).encode(TEXTS, "document") for pooling in ("mean", "cls", "lasttoken")]
    assert min(np.abs(vectors[i] - vectors[j]).max() for i, j in [(0, 1), (0, 2), (1, 2)]) > 1e-2


def test_a_plain_folder_without_is_refused(plain: Path) -> None:
    with pytest.raises(
        UserError, match=r"modules.json is missing.*set `pooling` of the student to what the model's card"
    ):
        encoder(plain)


def test_no_transformer_at_all(plain: Path) -> None:
    (plain / "config.json").unlink()
    with pytest.raises(UserError, match=r"no config.json in"):
        encoder(plain, pooling="cls")


def test_what_is_known_serves_a_plain_folder(plain: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As e5-base-unsupervised would be without the files of SentenceTransformers."""
    e5 = plain.rename(plain.with_name("e5-base-unsupervised"))
    with caplog.at_level(logging.INFO, "listill"):
        known = encoder(e5)
    assert (known.prompt("query"), known.prompt("document")) == ("query: ", "passage: ")
    assert "its folder has no prompts; known of it" in caplog.text
    said = encoder(e5, preset=None, pooling="mean", prompts={"query": "query: ", "document": "passage: "})
    for kind in ("query", "document"):
        np.testing.assert_allclose(known.encode(TEXTS, kind), said.encode(TEXTS, kind), atol=1e-6)  # type: ignore[arg-type]


def test_prompts_of_config_folder_and_preset_in_this_order(tiny_model: Path, tmp_path: Path) -> None:
    preset = {"prompts": {"query": "the old ", "document": "the "}}
    bare = tiny.make_tiny_model(tmp_path / "bare", prompts=None)
    assert encoder(bare, preset=preset).model.prompts == preset["prompts"]
    assert encoder(tiny_model, preset=preset).model.prompts == tiny.PROMPTS
    own = encoder(bare, preset=preset, prompts={"query": ""})
    assert (own.prompt("query"), own.prompt("document")) == ("", "")


def test_lengths_of_config_folder_and_preset_in_this_order(tiny_model: Path, plain: Path) -> None:
    assert encoder(tiny_model, preset={"max_length": 20}).max_length == 64
    assert encoder(tiny_model, preset={"max_length": 20}, max_length=30).max_length == 30
    silent = encoder(plain, pooling="cls")
    for said, expected in ((None, 20), (10**30, 20), (50, 50)):
        silent.model.max_seq_length = said
        _fill_in(Student.model_validate({"model": "m", "preset": {"max_length": 20}}), silent.model)
        assert silent.max_length == expected


def test_pooling_of_the_folder_wins_over_what_is_known(tmp_path: Path) -> None:
    cls = tiny.make_tiny_model(tmp_path / "cls", pooling="cls")
    expected = encoder(cls).encode(TEXTS, "document")
    np.testing.assert_array_equal(encoder(cls, preset={"pooling": "mean"}).encode(TEXTS, "document"), expected)


def test_pooling_that_contradicts_the_folder_is_refused(tiny_model: Path) -> None:
    assert encoder(tiny_model, pooling="mean").dimension == 32
    with pytest.raises(UserError, match=r"its folder says pooling mean, the settings cls: leave out `pooling`"):
        encoder(tiny_model, pooling="cls")


def test_a_folder_that_cannot_be_loaded(plain: Path) -> None:
    (plain / "config.json").write_text('{"model_type": "no-such-model"}')
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        encoder(plain, pooling="cls")
    assert "\n" not in str(caught.value)


def test_a_model_without_pooling_module(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "m"))
    entries = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(entries[:1]))
    with pytest.raises(UserError, match=r"has no pooling module .* remove the file and set `pooling`"):
        encoder(folder, pooling="cls")
