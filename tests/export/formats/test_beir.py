"""The corpus as a BEIR folder, read back by the source ``beir``, and by the package beir where it is installed."""

import importlib
from pathlib import Path

import pytest

import tiny_export
from listill.corpus.sources.beir import Beir
from listill.export.formats import beir


def test_the_source_beir_reads_the_same(tmp_path: Path) -> None:
    material = tiny_export.corpus(tmp_path)
    folder = tmp_path / "beir"
    folder.mkdir()
    beir.write(material, folder)
    read = Beir(kind="beir", path=str(folder)).read()
    assert [tuple(one) for one in read.documents] == [
        ("d1", "Lava", "it\nflows"),
        ("d2", None, "ash"),
        ("d3", "Tide", "comes «in»"),
    ]
    assert read.topics == {"t1": "lava?", "t2": "dev\tash", "t3": "tide"}
    judged = {(one.query_id, one.doc_id, one.relevance, one.split) for one in read.qrels}
    assert judged == set(material.qrels.itertuples(index=False, name=None))


def test_a_corpus_without_topics_has_documents_only(tmp_path: Path) -> None:
    material = tiny_export.corpus(tmp_path)
    nothing = {"topics": material.topics[:0], "qrels": material.qrels[:0]}
    folder = tmp_path / "beir"
    folder.mkdir()
    beir.write(type(material)(**{**vars(material), **nothing}), folder)
    assert [path.name for path in folder.iterdir()] == ["corpus.jsonl"]
    assert not Beir(kind="beir", path=str(folder)).read().topics


def test_the_package_beir_reads_the_same(tmp_path: Path) -> None:
    pytest.importorskip("beir", reason="beir is not installed")
    loader = importlib.import_module("beir.datasets.data_loader").GenericDataLoader
    folder = tmp_path / "beir"
    folder.mkdir()
    beir.write(tiny_export.corpus(tmp_path), folder)
    documents, queries, qrels = loader(str(folder)).load(split="test")
    assert documents["d1"] == {"title": "Lava", "text": "it\nflows"}
    assert queries == {"t3": "tide"}
    assert qrels == {"t3": {"d3": 1, "d1": 0}}
