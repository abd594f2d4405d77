"""The export of a model: what is in the folder, and what its card says. The ONNX files are tested in test_onnx."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import ModelCard
from sentence_transformers import SentenceTransformer

import tiny
from listill import checksums, tables
from listill.corpus.collection import Collection
from listill.evaluation.topics import EvaluationQueries
from listill.export import model, onnx
from listill.export.results import Figures
from listill.settings.students import Student
from listill.settings.training import Recipe

DETAILS = {
    "settings": {"recipe": Recipe(losses={"listwise": 1.0}).model_dump(mode="json")},
    "base_model": "/home/me/base",
    "trained": {"human": 3},
    "best_step": 7,
    "kept": "step",
    "versions": {"torch": "2"},
}
FACTS: dict[str, Any] = {
    "name": "s.v", "corpus": "tiny", "language": "english", "language_code": "en", "licence_id": None, "licence": "None.",
    "query_only": False, "source": "beir", "generator": "extractive", "teachers": "bm25", "check": "Ranks as measured.",
}  # fmt: skip


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A trained model as the stage train leaves it, with weights that only the owner may read."""
    folder = tiny.make_tiny_model(tmp_path / "trained")
    about = tables.Provenance("models/s/v", "f00d", {}, DETAILS, "tiny")
    (folder / "listill.json").write_text(about.to_json())
    (folder / "README.md").write_text("old card")
    (folder / "history.parquet").touch()
    checksums.write_sums(folder, checksums.files_of(folder))
    (folder / "model.safetensors").chmod(0o600)
    return folder


def exported(trained: Path, out: Path, *, with_onnx: bool) -> Path:
    rows = tiny.tiny_documents(20)
    documents = Collection([row["_id"] for row in rows], [None] * 20, [row["text"] for row in rows], np.arange(20))
    queries = EvaluationQueries(
        *(_table(columns) for columns in ("query_id text split type", "query_id doc_id relevance split"))
    )
    model.write(out, trained, Student(model="m"), documents, queries, FACTS, Figures(), 1, with_onnx=with_onnx)
    return out


def _table(columns: str) -> pd.DataFrame:
    return pd.DataFrame(columns=columns.split())


def test_the_folder_has_the_model_and_a_card_and_nothing_of_this_machine(trained: Path, tmp_path: Path) -> None:
    out = exported(trained, tmp_path / "out", with_onnx=False)
    names = {path.name for path in out.iterdir()}
    assert {"modules.json", "model.safetensors", "README.md", "SHA256SUMS"} <= names
    assert not {"listill.json", "history.parquet", "onnx"} & names
    assert not any(b"/home/me" in path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert checksums.damage(out) is None
    texts = ["lava", "a bright star"]
    before, after = (SentenceTransformer(str(folder), device="cpu").encode_query(texts) for folder in (trained, out))
    np.testing.assert_array_equal(before, after)
    card = ModelCard.load(out / "README.md")
    assert card.data.library_name == "sentence-transformers"
    for text in ['| prompt of queries | `"query: "` |', "those of step 7", "3 human", "Ranks as measured.", "`f00d`"]:
        assert text in card.text


def test_weights_are_readable_as_other_files_are(trained: Path, tmp_path: Path) -> None:
    out = exported(trained, tmp_path / "out", with_onnx=False)
    (tmp_path / "usual").touch()
    usual = (tmp_path / "usual").stat().st_mode & 0o777
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {usual}


def test_onnx_files_and_their_loss_are_in_the_card(trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    out = exported(trained, tmp_path / "out", with_onnx=True)
    assert (out / onnx.FP32).is_file()
    assert (out / onnx.INT8).is_file()
    card = (out / "README.md").read_text()
    assert "weights in int8. Its loss was not measured, since the corpus has no judged queries." in card
    assert "- onnx" in card
    assert json.loads((out / "modules.json").read_text())


@pytest.mark.parametrize(
    ("licence", "base", "text"),
    [
        (
            "mit",
            "BAAI/bge-base-en-v1.5",
            "This model is published under `mit`. Licences of the models that it was made with: BAAI/",
        ),
        (None, "/home/me/base", "No licence was chosen for this model. See the cards of base."),
    ],
)
def test_licences(licence: str | None, base: str, text: str) -> None:
    assert model.licence_text(licence, base, []).startswith(text)
