"""The parts of a training."""

from pathlib import Path
from typing import Any

import pytest

import tiny_training
from listill import tables
from listill.errors import UserError
from listill.schemas import SCHEMAS
from listill.settings.training import Recipe, Temperatures
from listill.training import parts


def test_queries_and_texts_are_cut(tiny_model: Path) -> None:
    training = tiny_training.training(tiny_model, {}, sizes=[9])
    [part] = training.parts
    shorter = part.cut(training.encoder, Recipe(query_length=4, max_length=12))
    assert (shorter.queries.lengths.max(), shorter.texts.lengths.max()) == (4, 12)
    assert shorter.examples is part.examples
    assert part.texts.lengths.max() > 12


def test_no_lists_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = tmp_path / "lists.parquet"
    tables.write(lists, "lists", SCHEMAS["lists"].empty_table(), tables.Provenance("lists/s", "f", corpus="b"))
    monkeypatch.setattr(parts.collection, "load", lambda path: tiny_training.collection(5))
    nothing: Any = None
    files = parts.Files(*[tmp_path] * 4, lists, tmp_path, tmp_path)
    with pytest.raises(UserError) as error:
        parts.load(files, nothing, Recipe(), "both", None, 1, 1)
    assert str(error.value) == (
        f"{lists}: has no lists to train on: add queries, or relax the filters of training.lists"
    )


def test_summary(tiny_model: Path) -> None:
    """Only a temperature that was matched is among the details of a corpus."""
    training = tiny_training.training(tiny_model, {}, sizes=[9, 5])
    recipe = training.recipe.model_copy(update={"temperatures": training.parts[0].temperatures})
    matched = Temperatures(teacher=0.25)
    second = parts.Part(**{**vars(training.parts[1]), "temperatures": matched})
    assert parts.summary([training.parts[0], second], recipe) == {
        "trained": {"title": 14},
        "corpora": {"c0": {"trained": {"title": 9}}, "c1": {"trained": {"title": 5}, "teacher_temperature": 0.25}},
    }
