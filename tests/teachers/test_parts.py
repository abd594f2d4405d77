"""Parts are scored once, reused after an interruption, and never mixed up."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.teachers import parts
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.kinds.dense import DenseTeacher
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.teacher import Teacher

MEMBERS: dict[str, Teacher] = {"words": Bm25Teacher(kind="bm25"), "vectors": DenseTeacher(kind="dense")}
ORIGINAL_SCORE = {teacher: teacher.score for teacher in (Bm25Teacher, DenseTeacher)}


class Calls:
    """Wraps the ``score`` of the teachers: records the scored blocks, and fails at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int | None = None) -> None:
        self.blocks: list[tuple[str, int]] = []
        self.fail_at = fail_at
        for teacher in ORIGINAL_SCORE:
            monkeypatch.setattr(teacher, "score", self.recorded(teacher))

    def recorded(self, teacher: type[Teacher]) -> Callable[[Teacher, Pairs, Resources], np.ndarray]:
        def score(member: Teacher, pairs: Pairs, resources: Resources) -> np.ndarray:
            if len(self.blocks) == self.fail_at:
                raise KeyboardInterrupt
            self.blocks.append((member.kind, len(pairs)))
            return ORIGINAL_SCORE[teacher](member, pairs, resources)

        return score


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 21)  # three queries of seven pairs


def collect(pairs: Pairs, resources: Resources, work: Path) -> dict[str, np.ndarray]:
    by_teacher: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
    for name, block, first, scores in parts.in_parts(MEMBERS, pairs, resources, work):
        by_teacher.setdefault(name, []).append((block.query + first, block.text, scores))
    for blocks in by_teacher.values():
        assert np.concatenate([query for query, _, _ in blocks]).tolist() == pairs.query.tolist()
        assert np.concatenate([text for _, text, _ in blocks]).tolist() == pairs.text.tolist()
    return {name: np.concatenate([scores for _, _, scores in blocks]) for name, blocks in by_teacher.items()}


def test_parts_contain_all_scores(pairs: Pairs, resources: Resources, tmp_path: Path) -> None:
    scores = collect(pairs, resources, tmp_path)
    for name, member in MEMBERS.items():
        np.testing.assert_allclose(scores[name], member.score(pairs, resources), atol=1e-5)
    assert len(list(tmp_path.glob("*.npy"))) == 8


@pytest.mark.parametrize("fail_at", range(8))
def test_finished_parts_are_not_scored_again(
    pairs: Pairs, resources: Resources, tmp_path: Path, fail_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an interruption at any part of either teacher, the next run scores the other parts, with equal results."""
    expected = collect(pairs, resources, tmp_path / "uninterrupted")
    first = Calls(monkeypatch, fail_at)
    with pytest.raises(KeyboardInterrupt):
        collect(pairs, resources, tmp_path / "work")
    second = Calls(monkeypatch)
    scores = collect(pairs, resources, tmp_path / "work")
    assert len(first.blocks) == fail_at
    assert len(first.blocks) + len(second.blocks) == 8
    assert [scores[name].tolist() for name in MEMBERS] == [expected[name].tolist() for name in MEMBERS]


def test_parts_of_another_size_are_not_reused(
    pairs: Pairs, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = collect(pairs, resources, tmp_path)
    monkeypatch.setattr(parts, "PART", 35)
    scores = collect(pairs, resources, tmp_path)
    for name in MEMBERS:
        np.testing.assert_allclose(scores[name], expected[name], atol=1e-5)


def test_reused_parts_are_logged(
    pairs: Pairs, resources: Resources, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collect(pairs, resources, tmp_path)
    assert "finished parts" not in caplog.text
    with caplog.at_level(logging.INFO, "listill"):
        collect(pairs, resources, tmp_path)
    assert "teacher words: reusing 4 finished parts" in caplog.text


def test_a_score_that_is_not_a_number(
    pairs: Pairs, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bm25Teacher, "score", lambda _, block, __: np.full(len(block), np.nan, dtype=np.float32))
    with pytest.raises(
        UserError, match=rf"^teacher words: its score of query '{pairs.queries[0]}' and .* is not a number"
    ):
        collect(pairs, resources, tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_pairs(pairs: Pairs, resources: Resources, tmp_path: Path) -> None:
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert all(len(scores) == 0 for scores in collect(none, resources, tmp_path).values())


def test_scores_by_id(
    pairs: Pairs, queries: pd.DataFrame, collection: Collection, resources: Resources, tmp_path: Path
) -> None:
    """The score of an edited passage is stored under the id of that passage."""
    assert pairs.edited
    table = pd.concat(parts.scores_in_parts(collection, queries, pairs, MEMBERS, resources, tmp_path))
    rows = []
    for name, member in MEMBERS.items():
        scores = member.score(pairs, resources)
        for q, text, score in zip(pairs.query.tolist(), pairs.text.tolist(), scores, strict=True):
            doc_id = queries["doc_id"][q] if text >= len(collection) else collection.doc_ids[text]
            rows.append((queries["query_id"][q], doc_id, name, score))
    expected = pd.DataFrame(rows, columns=["query_id", "doc_id", "teacher", "score"])
    pd.testing.assert_frame_equal(table.reset_index(drop=True), expected, check_exact=False, atol=1e-5)


@pytest.mark.parametrize(("shape", "described"), [((20,), r"\(20,\)"), ((21, 2), r"\(21, 2\)")])
def test_a_teacher_must_return_one_score_per_pair(
    shape: tuple[int, ...],
    described: str,
    pairs: Pairs,
    resources: Resources,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bm25Teacher, "score", lambda *_: np.zeros(shape))
    with pytest.raises(UserError, match=rf"^teacher words: its scores of 21 pairs have the shape {described}; return"):
        collect(pairs, resources, tmp_path)
    assert list(tmp_path.iterdir()) == []
