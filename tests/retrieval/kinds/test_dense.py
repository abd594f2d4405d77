"""An additional bi-encoder, with the settings of a student and its own embeddings of the corpus."""

from pathlib import Path

import numpy as np

import tiny
from listill import tables
from listill.corpus.collection import Collection
from listill.retrieval.embeddings import as_table
from listill.retrieval.encoder import Encoder
from listill.retrieval.kinds.dense import AdditionalDense
from listill.settings.students import Student, preset_of

TEXTS = [row["text"] for row in tiny.tiny_documents(12)]


def test_search_over_the_embeddings_of_the_retriever(tiny_model: Path, tmp_path: Path) -> None:
    collection = Collection([f"d{i:02}" for i in range(12)], [None] * 12, TEXTS, np.arange(12))
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    matrix = encoder.encode(TEXTS, "document")
    file = tmp_path / "other.parquet"
    table = as_table(collection.doc_ids, matrix)
    tables.write(file, "embeddings", table, tables.Provenance("embeddings/other", "f"))
    settings = AdditionalDense(kind="dense", model=str(tiny_model), precision="fp32")
    retriever = settings.open("other", collection, file)
    assert retriever.name == "other"
    assert settings.embeds
    run = retriever.run(["q"], [TEXTS[3]], 4)
    similarity = encoder.encode(TEXTS[3:4], "query")[0] @ matrix.T
    assert run["document"].tolist() == sorted(range(12), key=lambda i: -similarity[i])[:4]


def test_a_trained_model_replaces_the_model_of_the_settings(tiny_model: Path, tmp_path: Path) -> None:
    collection = Collection(["a"], [None], ["lava"], np.arange(1))
    trained = tiny.make_tiny_model(tmp_path / "trained", seed=5)
    settings = AdditionalDense(kind="dense", model=str(tiny_model), precision="fp32")
    file = tmp_path / "other.parquet"
    vector = np.ones((1, 32), dtype=np.float32)
    tables.write(file, "embeddings", as_table(["a"], vector), tables.Provenance("embeddings/other", "f"))
    retriever = settings.open("other", collection, file, trained)
    encoder = Encoder(Student(model=str(trained), precision="fp32"))
    expected = encoder.encode(["lava"], "query")[0].sum()
    np.testing.assert_allclose(retriever.run(["q"], ["lava"], 1)["score"], [expected], atol=1e-5)


def test_presets_of_students_apply() -> None:
    assert AdditionalDense(kind="dense", model="intfloat/e5-base-v2").preset == preset_of("intfloat/e5-base-v2")


def test_the_files_of_the_model(tiny_model: Path) -> None:
    files = AdditionalDense(kind="dense", model=str(tiny_model)).files()
    assert files == [str(tiny_model / name) for name in ("modules.json", "config.json", "model.safetensors")]
    assert AdditionalDense(kind="dense", model="org/model").files() == []
