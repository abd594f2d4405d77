"""Corpora: sources and their kinds."""

from checked_config import config, fault, parsed
from listill.corpus.sources.beir import Beir


def test_the_kind_decides_the_class() -> None:
    assert parsed().corpora["c"].source == Beir(kind="beir", path="x")


def test_an_unknown_kind_names_the_known_ones() -> None:
    message = fault(config(corpora={"c": {"source": {"kind": "ftp"}}}))
    assert message.startswith("config.yaml: corpora.c.source: ")
    assert "'beir', 'files', 'ir_datasets', 'python_api'" in message


def test_a_key_of_another_kind_is_unknown() -> None:
    message = fault(config(corpora={"c": {"source": {"kind": "beir", "path": "x", "packages": []}}}))
    assert "unknown key 'packages'; known here: kind, path" in message


def test_held_out_passages_cannot_be_fewer_than_none() -> None:
    source = {"kind": "beir", "path": "x"}
    assert "corpora.c.heldout: " in fault(config(corpora={"c": {"source": source, "heldout": -1}}))
