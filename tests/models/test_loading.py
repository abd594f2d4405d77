"""Properties of a model: the config takes precedence over its folder, and the folder over the preset."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import AutoModel, AutoTokenizer

import tiny
import tiny_students
from listill.errors import UserError
from listill.models.loading import _fill_in
from listill.retrieval.encoder import Encoder, Kind
from listill.settings.students import Student

TEXTS = ["Lava", *(f"{row['title']} {row['text']}" for row in tiny.tiny_documents(20))]


def encoder(folder: Path, **options: Any) -> Encoder:
    return Encoder(Student.model_validate({"model": str(folder), "precision": "fp32", **options}))


@pytest.fixture
def plain(tiny_model: Path, tmp_path: Path) -> Path:
    """A folder as written by transformers, without the files of SentenceTransformers."""
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


def test_a_plain_folder_without_pooling_is_rejected(plain: Path) -> None:
    with pytest.raises(
        UserError, match=r"modules.json is missing.*set `pooling` of the student to the value on the model card"
    ):
        encoder(plain)


def test_a_folder_that_is_not_a_transformer(plain: Path) -> None:
    (plain / "config.json").unlink()
    with pytest.raises(UserError, match=r"no config.json in"):
        encoder(plain, pooling="cls")


def test_the_preset_completes_a_plain_folder(plain: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Like e5-base-unsupervised without the files of SentenceTransformers."""
    e5 = plain.rename(plain.with_name("e5-base-unsupervised"))
    with caplog.at_level(logging.INFO, "listill"):
        by_preset = encoder(e5)
    assert (by_preset.prompt("query"), by_preset.prompt("document")) == ("query: ", "passage: ")
    assert "its folder has no prompts; using those of the preset" in caplog.text
    by_config = encoder(e5, preset=None, pooling="mean", prompts={"query": "query: ", "document": "passage: "})
    kinds: tuple[Kind, ...] = ("query", "document")
    for kind in kinds:
        np.testing.assert_allclose(by_preset.encode(TEXTS, kind), by_config.encode(TEXTS, kind), atol=1e-6)


def test_precedence_of_prompts(tiny_model: Path, tmp_path: Path) -> None:
    preset = {"prompts": {"query": "the old ", "document": "the "}}
    bare = tiny.make_tiny_model(tmp_path / "bare", prompts=None)
    assert encoder(bare, preset=preset).model.prompts == preset["prompts"]
    assert encoder(tiny_model, preset=preset).model.prompts == tiny.PROMPTS
    by_config = encoder(bare, preset=preset, prompts={"query": ""})
    assert (by_config.prompt("query"), by_config.prompt("document")) == ("", "")


def test_precedence_of_lengths(tiny_model: Path, plain: Path) -> None:
    assert encoder(tiny_model, preset={"max_length": 20}).max_length == 64
    assert encoder(tiny_model, preset={"max_length": 20}, max_length=30).max_length == 30
    without_config = encoder(plain, pooling="cls")
    for folder_length, expected in ((None, 20), (10**30, 20), (50, 50)):
        without_config.model.max_seq_length = folder_length
        _fill_in(Student.model_validate({"model": "m", "preset": {"max_length": 20}}), without_config.model)
        assert without_config.max_length == expected


def test_pooling_of_the_folder_takes_precedence_over_the_preset(tmp_path: Path) -> None:
    cls = tiny.make_tiny_model(tmp_path / "cls", pooling="cls")
    expected = encoder(cls).encode(TEXTS, "document")
    np.testing.assert_array_equal(encoder(cls, preset={"pooling": "mean"}).encode(TEXTS, "document"), expected)


def test_pooling_that_contradicts_the_folder_is_rejected(tiny_model: Path) -> None:
    assert encoder(tiny_model, pooling="mean").dimension == 32
    with pytest.raises(UserError, match=r"sets pooling to mean, but the config sets cls; remove `pooling`"):
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


@pytest.mark.parametrize("make", [tiny.make_tiny_model, tiny_students.roberta], ids=["bert", "roberta"])
def test_a_length_beyond_the_positions(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """Both have positions for 128 tokens; the table of RoBERTa has 130 rows."""
    folder = make(tmp_path / "m")
    with pytest.raises(UserError) as caught:
        encoder(folder, pooling="mean", max_length=129)
    assert str(caught.value) == (
        f"model {folder}: max_length is 129, but the model reads at most 128 tokens; "
        "set max_length of this student to 128 or less"
    )
    assert encoder(folder, pooling="mean", max_length=128).encode([" ".join(TEXTS)], "document").shape == (1, 32)


def test_a_folder_that_allows_more_than_the_positions(tmp_path: Path) -> None:
    """The tokenizer has no limit: SentenceTransformers takes 130, the rows of the table, of which two are not used."""
    ours = encoder(tiny_students.roberta(tmp_path / "m"), pooling="mean")
    assert ours.max_length == 128
    assert ours.encode([" ".join(TEXTS)], "document").shape == (1, 32)


def test_relative_and_rotary_positions_allow_any_length(tmp_path: Path) -> None:
    for folder in (tiny_students.deberta(tmp_path / "d"), tiny_students.modernbert(tmp_path / "m", 8)):
        ours = encoder(folder, pooling="mean", max_length=700)
        assert len(ours.tokenise([" ".join(TEXTS)], "document")[0]) == 700
        assert ours.encode([" ".join(TEXTS)], "document").shape == (1, 32)
