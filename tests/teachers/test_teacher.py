"""Properties that all teachers share."""

from pathlib import Path

import numpy as np
import pytest

import tiny_rerankers
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.teacher import identities
from plain_rerankers import CASES, member


@pytest.mark.parametrize("kind", ["bm25", "dense", "late_interaction"])
def test_scores_in_blocks_of_queries(kind: str, pairs: Pairs, resources: Resources) -> None:
    teacher = member(kind=kind)
    expected = teacher.score(pairs, resources)
    parts = np.concatenate([teacher.score(block, resources) for block in pairs.blocks(3)])
    np.testing.assert_allclose(parts, expected, atol=0.005)


@pytest.mark.parametrize("kind", ["bm25", "dense", "late_interaction"])
def test_queries_without_pairs(kind: str, pairs: Pairs, resources: Resources) -> None:
    teacher = member(kind=kind)
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert teacher.score(none, resources).shape == (0,)


def test_identities_of_teachers_with_their_own_model(tmp_path: Path) -> None:
    first, second = (CASES["bert"].make(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 1)))
    members = {"words": Bm25Teacher(kind="bm25")}
    members |= {name: CASES["bert"].member(folder) for name, folder in (("x", first), ("y", second), ("z", first))}
    by_name = identities(members)
    assert by_name.keys() == {"x", "y", "z"}
    assert by_name["x"] == by_name["z"] != by_name["y"]
    assert identities({"words": Bm25Teacher(kind="bm25")}) == {}


@pytest.mark.parametrize("kind", ["dense", "late_interaction"])
def test_the_student_that_is_used(kind: str) -> None:
    assert member(kind=kind, student="small").students_used() == ["small"]
    assert member(kind=kind).students_used() == []
    assert member(kind="bm25").students_used() == []


def test_the_files_of_a_model(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    files = member(kind="cross_encoder", model=str(folder)).files()
    assert files == [str(folder / name) for name in ("config.json", "model.safetensors")]
    assert member(kind="bm25").files() == []
