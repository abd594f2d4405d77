"""Corpora: sources and their kinds, and templates."""

import pytest

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


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{titel} {text}", "unknown field {titel}: use only {title} and {text}"),
        ("{title}", "{text} is missing"),
        ("{text", "write it like '{title} {text}'"),
        ("{} {text}", "unknown field {}"),
        ("{0} {text}", "unknown field {0}"),
        ("{text.__class__}", "unknown field {text.__class__}"),
        ("{{text}}", "{text} is missing"),
        ("{text:t0}", "{text} has a format: write only {title} and {text}"),
        ("{text:>9999999999}", "{text} has a format"),
        ("{text:{title}}", "{text} has a format"),
        ("{text!r}", "{text} has a format"),
    ],
)
def test_templates_that_the_check_refuses(template: str, message: str) -> None:
    source = {"kind": "beir", "path": "x"}
    said = fault(config(corpora={"c": {"source": source, "template": template}}))
    assert said.startswith("config.yaml: corpora.c.template: ")
    assert message in said


@pytest.mark.parametrize("template", ["{title}: {text}", "{text}", "{text}{text} {{x}}"])
def test_templates_that_are_fine(template: str) -> None:
    source = {"kind": "beir", "path": "x"}
    assert parsed(corpora={"c": {"source": source, "template": template}}).corpora["c"].template == template
