"""Properties that all teachers share."""

from pathlib import Path

import numpy as np
import pytest

import tiny_rerankers
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.teacher import identities, resolved, students_used, uses_bm25
from plain_rerankers import CASES, member


@pytest.mark.parametrize("kind", ["bm25", "dense", "late_interaction"])
def test_scores_in_blocks_of_queries(kind: str, pairs: Pairs, resources: Resources) -> None:
    teacher = member(kind=kind)
    expected = teacher.score(pairs, resources)
    blocks = [pairs.take(np.flatnonzero(pairs.query // 3 == number)) for number in range(4)]
    for block_of in (Pairs.compact, lambda block: block):
        parts = np.concatenate([teacher.score(block_of(block), resources) for block in blocks])
        np.testing.assert_allclose(parts, expected, atol=0.005)


@pytest.mark.parametrize("kind", ["bm25", "dense", "late_interaction"])
def test_queries_without_pairs(kind: str, pairs: Pairs, resources: Resources) -> None:
    teacher = member(kind=kind)
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert teacher.score(none, resources).shape == (0,)


def test_identities_of_teachers_with_a_model(resources: Resources, tmp_path: Path) -> None:
    first, second = (CASES["bert"].make(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 1)))
    members = {"words": Bm25Teacher(kind="bm25")}
    members |= {name: CASES["bert"].member(folder) for name, folder in (("x", first), ("y", second), ("z", first))}
    by_name = identities(members, resources)
    assert by_name.keys() == {"x", "y", "z"}
    assert by_name["x"] == by_name["z"] != by_name["y"]
    assert identities({"words": Bm25Teacher(kind="bm25")}, resources) == {}


def test_what_teachers_use() -> None:
    members = {"words": member(kind="bm25"), "vectors": member(kind="dense", student="t")}
    members |= {"tokens": member(kind="late_interaction"), "own": member(kind="cross_encoder", model="m")}
    every = resolved(members, ["t", "s"])
    assert students_used(every) == ["s", "t"]
    assert students_used(every, embeddings=True) == ["t"]
    assert uses_bm25(every)
    assert not uses_bm25({name: every[name] for name in ("vectors", "tokens", "own")})
    assert every["own"] is members["own"]


def test_the_files_of_a_model(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    files = member(kind="cross_encoder", model=str(folder)).files()
    assert files == [str(folder / name) for name in ("config.json", "model.safetensors")]
    assert member(kind="bm25").files() == []
