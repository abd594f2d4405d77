"""Pairs are scored in parts, once; an interrupted run resumes, and parts of different settings are never mixed up."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.shares import names, share_of
from listill.teachers import parts
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.kinds.dense import DenseTeacher
from listill.teachers.kinds.late_interaction import LateInteraction
from listill.teachers.pairs import Pairs
from listill.teachers.parts import in_whole_groups, score_share, scores_in_parts
from listill.teachers.resources import Resources
from listill.teachers.store import open_stores
from listill.teachers.teacher import Teacher

MEMBERS: dict[str, Teacher] = {"words": Bm25Teacher(kind="bm25"), "vectors": DenseTeacher(kind="dense")}
ORIGINAL_SCORE = {teacher: teacher.score for teacher in (Bm25Teacher, DenseTeacher)}


class Calls:
    """Wraps the ``score`` of the teachers: records the scored parts, and fails at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int | None = None) -> None:
        self.parts: list[tuple[str, int]] = []
        self.fail_at = fail_at
        for teacher in ORIGINAL_SCORE:
            monkeypatch.setattr(teacher, "score", self.recorded(teacher))

    def recorded(self, teacher: type[Teacher]) -> Callable[[Teacher, Pairs, Resources], np.ndarray]:
        def score(member: Teacher, pairs: Pairs, resources: Resources) -> np.ndarray:
            if len(self.parts) == self.fail_at:
                raise KeyboardInterrupt
            self.parts.append((member.kind, len(pairs)))
            return ORIGINAL_SCORE[teacher](member, pairs, resources)

        return score


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 21)  # three queries of seven pairs


@pytest.fixture
def collect(queries: pd.DataFrame, resources: Resources) -> Callable[..., dict[str, np.ndarray]]:
    """A function that returns the score of each pair, keyed by teacher; ``root`` is the folder of the stores."""

    def collect(pairs: Pairs, root: Path, members: dict[str, Teacher] = MEMBERS) -> dict[str, np.ndarray]:
        tables = list(scores_in_parts(queries, pairs, members, resources, open_stores(root, members, {}, resources)))
        scores = {name: [table["score"] for table in tables if set(table["teacher"]) == {name}] for name in members}
        return {name: np.concatenate(columns or [[]]) for name, columns in scores.items()}

    return collect


Collect = Callable[..., dict[str, np.ndarray]]


def test_all_pairs_are_scored(collect: Collect, pairs: Pairs, resources: Resources, tmp_path: Path) -> None:
    scores = collect(pairs, tmp_path)
    for name, member in MEMBERS.items():
        np.testing.assert_allclose(scores[name], member.score(pairs, resources), atol=1e-5)
    assert len(list(tmp_path.glob("*/*.scores"))) == 8


@pytest.mark.parametrize("fail_at", range(8))
def test_finished_parts_are_not_scored_again(
    collect: Collect, pairs: Pairs, tmp_path: Path, fail_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an interruption at any part of either teacher, the next run scores the other parts, with equal results."""
    expected = collect(pairs, tmp_path / "uninterrupted")
    first = Calls(monkeypatch, fail_at)
    with pytest.raises(KeyboardInterrupt):
        collect(pairs, tmp_path / "work")
    second = Calls(monkeypatch)
    scores = collect(pairs, tmp_path / "work")
    assert len(first.parts) == fail_at
    assert len(first.parts) + len(second.parts) == 8
    assert [scores[name].tolist() for name in MEMBERS] == [expected[name].tolist() for name in MEMBERS]


@pytest.fixture
def uneven(pairs: Pairs) -> Pairs:
    """Pairs of which each query has another number, so that queries of several parts would fit into one."""
    return pairs.take(np.flatnonzero(np.random.default_rng(3).random(len(pairs)) < 0.6))


def stored(root: Path) -> set[str]:
    """Return the files of all parts: the name of one is the checksum of its pairs and scores."""
    return {str(path.relative_to(root)) for path in root.glob("*/*.scores")}


@pytest.mark.parametrize("shards", [1, 2, 3, 20])
@pytest.mark.parametrize("known", ["nothing", "some parts", "some pairs"])
def test_shares_are_the_parts_of_one_job(
    collect: Collect,
    uneven: Pairs,
    resources: Resources,
    tmp_path: Path,
    shards: int,
    known: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each share sees what those before it have stored; together they store the parts of one job, each once."""
    members: dict[str, Teacher] = MEMBERS | {"tokens": LateInteraction(kind="late_interaction")}
    for root in (tmp_path / "one", tmp_path / "shares"):
        if known == "some pairs":
            collect(uneven.take(np.arange(0, len(uneven), 3)), root, members)
    before = stored(tmp_path / "one")
    collect(uneven, tmp_path / "one", members)
    if known == "some parts":
        before = set(sorted(stored(tmp_path / "one"))[::2])
        for file in before:
            (tmp_path / "shares" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / "one" / file, tmp_path / "shares" / file)
    calls = Calls(monkeypatch)
    made: list[set[str]] = []
    for shard in reversed(names(shards)):
        so_far = stored(tmp_path / "shares")
        stores = open_stores(tmp_path / "shares", members, {}, resources)
        score_share(uneven, members, resources, stores, share_of(Path(shard)))
        made.append(stored(tmp_path / "shares") - so_far)
    assert stored(tmp_path / "shares") == stored(tmp_path / "one")
    assert sum(map(len, made)) == len(stored(tmp_path / "one")) - len(before)
    # Of the two teachers whose calls are recorded, no pair is scored twice.
    new = {
        file for file in set().union(*made) if any(kind in _kind(tmp_path / "one", file) for kind in ("bm25", "dense"))
    }
    assert len(calls.parts) == len(new)
    assert shards == 1 or known != "nothing" or len([files for files in made if files]) > 1


def _kind(root: Path, file: str) -> str:
    about = json.loads((root / file).with_name("about.json").read_text())
    return str(about["settings"]["kind"])


def test_parts_do_not_depend_on_those_that_are_stored(collect: Collect, uneven: Pairs, tmp_path: Path) -> None:
    """What remains after any of the parts is not joined into other parts."""
    collect(uneven, tmp_path)
    expected = stored(tmp_path)
    for file in sorted(expected)[::2]:
        (tmp_path / file).unlink()
    collect(uneven, tmp_path)
    assert stored(tmp_path) == expected


def test_a_teacher_whose_pairs_are_all_stored_is_not_asked(
    collect: Collect, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its model need not be loaded."""
    expected = collect(pairs, tmp_path)
    for teacher in ORIGINAL_SCORE:
        monkeypatch.setattr(teacher, "score_parts", None)
    scores = collect(pairs, tmp_path)
    assert [scores[name].tolist() for name in MEMBERS] == [expected[name].tolist() for name in MEMBERS]


def test_scores_do_not_depend_on_the_size_of_the_parts(
    collect: Collect, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = collect(pairs, tmp_path / "a")
    monkeypatch.setattr(parts, "PART", 35)
    scores = collect(pairs, tmp_path / "b")
    for name in MEMBERS:
        np.testing.assert_allclose(scores[name], expected[name], atol=1e-5)


def test_only_new_pairs_are_scored(
    collect: Collect, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A stored score is found whatever other pairs it was scored with."""
    half = pairs.take(np.flatnonzero(pairs.text % 2 == 0))
    known = collect(half, tmp_path)
    assert "scored before" not in caplog.text
    calls = Calls(monkeypatch)
    with caplog.at_level(logging.INFO, "listill"):
        scores = collect(pairs, tmp_path)
    new = len(pairs) - len(half)
    assert sum(size for kind, size in calls.parts if kind == "bm25") == new > 0
    assert sum(size for kind, size in calls.parts if kind == "dense") == new
    assert f"teacher words: {len(half)} of {len(pairs)} pairs have been scored before" in caplog.text
    assert all((scores[name][pairs.text % 2 == 0] == known[name]).all() for name in MEMBERS)


def test_the_same_texts_are_scored_once(
    collect: Collect, pairs: Pairs, queries: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two queries with the same text and the same passages."""
    twice = Pairs(pairs.collection, [*pairs.queries[:2], pairs.queries[1]], np.repeat([1, 2], 3), np.tile([3, 9, 5], 2))
    calls = Calls(monkeypatch)
    scores = collect(twice, tmp_path)
    assert calls.parts == [("bm25", 3), ("dense", 3)]
    assert (scores["words"][:3] == scores["words"][3:]).all()


def test_the_other_parts_of_a_damaged_one_are_kept(
    collect: Collect, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    members: dict[str, Teacher] = {"words": MEMBERS["words"]}
    expected = collect(pairs, tmp_path, members)
    damaged = sorted(tmp_path.glob("*/*.scores"))[1]
    damaged.write_bytes(damaged.read_bytes()[:-7])
    calls = Calls(monkeypatch)
    assert collect(pairs, tmp_path, members)["words"].tolist() == expected["words"].tolist()
    assert len(calls.parts) == 1
    assert f"{damaged}: this file is damaged" in caplog.text


def test_a_score_that_is_not_a_number(
    collect: Collect, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bm25Teacher, "score", lambda _, part, __: np.full(len(part), np.nan, dtype=np.float32))
    with pytest.raises(
        UserError, match=rf"^teacher words: its score of query '{pairs.queries[0]}' and .* is not a number"
    ):
        collect(pairs, tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_pairs(collect: Collect, pairs: Pairs, tmp_path: Path) -> None:
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert all(len(scores) == 0 for scores in collect(none, tmp_path).values())


def test_scores_by_id(
    pairs: Pairs, queries: pd.DataFrame, collection: Collection, resources: Resources, tmp_path: Path
) -> None:
    """The score of an edited passage is stored under the id of that passage."""
    assert pairs.edited
    stores = open_stores(tmp_path, MEMBERS, {}, resources)
    table = pd.concat(scores_in_parts(queries, pairs, MEMBERS, resources, stores))
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
    collect: Collect,
    pairs: Pairs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bm25Teacher, "score", lambda *_: np.zeros(shape))
    with pytest.raises(UserError, match=rf"^teacher words: its scores of 21 pairs have the shape {described}; return"):
        collect(pairs, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("member", "groups"), [(MEMBERS["words"], "query"), (LateInteraction, "text")])
def test_a_part_holds_whole_queries_or_whole_passages(
    member: Teacher | type[Teacher],
    groups: str,
    collect: Collect,
    pairs: Pairs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scored: list[np.ndarray] = []

    def score(_: Teacher, part: Pairs, __: Resources) -> np.ndarray:
        names = [part.queries[q] for q in part.query] if groups == "query" else part.text.tolist()
        scored.append(np.unique(names))
        assert (np.diff(part.query) >= 0).all()  # in the order of the queries, as always
        return np.zeros(len(part))

    one = member(kind="late_interaction") if isinstance(member, type) else member
    monkeypatch.setattr(type(one), "score", score)
    collect(pairs, tmp_path, {"one": one})
    assert len(scored) > 2
    together = np.concatenate(scored)
    assert len(together) == len(np.unique(together))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 100])
def test_whole_groups(size: int) -> None:
    groups = np.array([4, 1, 1, 7, 4, 4, 1, 9, 7, 4])
    made = list(in_whole_groups(groups, size))
    assert sorted(np.concatenate(made).tolist()) == list(range(10))
    for part in made:
        assert (np.diff(part) > 0).all()
        assert len(part) <= size or len(set(groups[part])) == 1
        assert set(groups[part]).isdisjoint(groups[np.setdiff1d(np.arange(10), part)])
    assert not list(in_whole_groups(groups[:0], size))
