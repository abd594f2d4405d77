"""Parts: scored once, taken up again, never mixed."""

import logging
from pathlib import Path

import numpy as np
import pytest

from listill import teachers
from listill.errors import UserError
from listill.teachers import parts
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.pairs import Pairs, Resources
from listill.teachers.teacher import Teacher

MEMBERS: dict[str, Teacher] = {"words": Bm25Teacher(kind="bm25"), "vectors": Dense(kind="dense")}


class Calls:
    """Stands in for ``score``: counts the blocks, and fails at one of them."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.blocks: list[tuple[str, int]] = []
        self.fail_at = fail_at

    def __call__(self, member: Teacher, pairs: Pairs, resources: Resources) -> np.ndarray:
        if len(self.blocks) == self.fail_at:
            raise KeyboardInterrupt
        self.blocks.append((member.kind, len(pairs)))  # type: ignore[attr-defined]
        return teachers.score(member, pairs, resources)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 21)  # three queries of seven pairs


def collect(pairs: Pairs, resources: Resources, work: Path) -> dict[str, np.ndarray]:
    found: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
    for name, block, first, values in parts.in_parts(MEMBERS, pairs, resources, work):
        found.setdefault(name, []).append((block.query + first, block.text, values))
    for blocks in found.values():
        assert np.concatenate([query for query, _, _ in blocks]).tolist() == pairs.query.tolist()
        assert np.concatenate([text for _, text, _ in blocks]).tolist() == pairs.text.tolist()
    return {name: np.concatenate([values for _, _, values in blocks]) for name, blocks in found.items()}


def test_parts_put_together(pairs: Pairs, resources: Resources, tmp_path: Path) -> None:
    found = collect(pairs, resources, tmp_path)
    for name, member in MEMBERS.items():
        np.testing.assert_allclose(found[name], teachers.score(member, pairs, resources), atol=1e-5)
    assert len(list(tmp_path.glob("*.npy"))) == 8


@pytest.mark.parametrize("fail_at", range(8))
def test_what_is_done_is_not_done_again(
    pairs: Pairs, resources: Resources, tmp_path: Path, fail_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped at any part of either teacher, the next run does the rest and ends with the same scores."""
    whole = collect(pairs, resources, tmp_path / "whole")
    first, second = Calls(fail_at), Calls()
    monkeypatch.setattr(parts, "score", first)
    with pytest.raises(KeyboardInterrupt):
        collect(pairs, resources, tmp_path / "work")
    monkeypatch.setattr(parts, "score", second)
    again = collect(pairs, resources, tmp_path / "work")
    assert len(first.blocks) == fail_at
    assert len(first.blocks) + len(second.blocks) == 8
    assert [again[name].tolist() for name in MEMBERS] == [whole[name].tolist() for name in MEMBERS]


def test_parts_of_another_size_are_not_taken(
    pairs: Pairs, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = collect(pairs, resources, tmp_path)
    monkeypatch.setattr(parts, "PART", 35)
    again = collect(pairs, resources, tmp_path)
    for name in MEMBERS:
        np.testing.assert_allclose(again[name], before[name], atol=1e-5)


def test_what_was_there_is_said(
    pairs: Pairs, resources: Resources, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collect(pairs, resources, tmp_path)
    assert "were there already" not in caplog.text
    with caplog.at_level(logging.INFO, "listill"):
        collect(pairs, resources, tmp_path)
    assert "teacher words: 4 parts were there already" in caplog.text


def test_a_score_that_is_no_number(
    pairs: Pairs, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "score", lambda _, block, __: np.full(len(block), np.nan, dtype=np.float32))
    with pytest.raises(
        UserError, match=rf"^teacher words: its score of query '{pairs.queries[0]}' and .* is not a number"
    ):
        collect(pairs, resources, tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_pairs(pairs: Pairs, resources: Resources, tmp_path: Path) -> None:
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert all(len(values) == 0 for values in collect(none, resources, tmp_path).values())
