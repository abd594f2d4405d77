"""The store of scores: found by texts and teacher, shared by processes, and checked when it is read."""

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import store_writer
from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.settings.bm25 import Bm25
from listill.settings.students import Student
from listill.teachers.resources import Resources
from listill.teachers.store import ScoreStore, open_stores
from plain_rerankers import CASES, member
from store_writer import numbered


def test_stored_scores_are_found(tmp_path: Path) -> None:
    keys, scores = numbered(100), np.arange(100, dtype=np.float32)
    store = ScoreStore(tmp_path, {"a": 1})
    assert np.isnan(store.find(keys)).all()
    first, second = np.arange(0, 100, 3), np.arange(1, 100, 3)[::-1]  # in any order
    store.add(keys[:, first], scores[first])
    store.add(keys[:, second], scores[second])
    found = store.find(keys)
    assert (found[first] == scores[first]).all()
    assert (found[second] == scores[second]).all()
    assert np.isnan(found[2::3]).all()
    assert np.isnan(store.find(numbered(50, seed=1))).all()
    assert store.find(keys[:, :0]).shape == (0,)
    assert np.isnan(ScoreStore(tmp_path, {"a": 2}).find(keys)).all()


def test_both_numbers_of_a_key_count(tmp_path: Path) -> None:
    keys = numbered(9)
    store = ScoreStore(tmp_path, {})
    store.add(keys, np.zeros(9, dtype=np.float32))
    other = keys.copy()
    other[1] += np.uint64(1)
    assert np.isnan(store.find(other)).all()


def test_the_folder_says_what_the_scores_depend_on(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, {"model": "x", "settings": {"b": 1}})
    assert not store.folder.exists()
    store.add(numbered(1), np.ones(1, dtype=np.float32))
    assert json.loads((store.folder / "about.json").read_text()) == {"model": "x", "settings": {"b": 1}}


@pytest.mark.parametrize("damage", ["truncated", "empty", "changed"])
def test_a_damaged_file_is_named_removed_and_not_used(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys, scores = numbered(60), np.arange(60, dtype=np.float32)
    store = ScoreStore(tmp_path, {})
    store.add(keys[:, :20], scores[:20])
    (path,) = store.folder.glob("*.scores")
    store.add(keys[:, 20:], scores[20:])
    content = path.read_bytes()
    path.write_bytes({"truncated": content[:200], "empty": b"", "changed": content[:-1] + b"\xff"}[damage])
    found = store.find(keys)
    assert np.isnan(found[:20]).all()
    assert (found[20:] == scores[20:]).all()
    assert f"{path}: this file is damaged and is removed; its pairs are scored again" in caplog.text
    assert not path.exists()


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    """No part is lost, and every reader sees the same scores."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    writers = [context.Process(target=store_writer.write, args=(tmp_path, number, start)) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    found = ScoreStore(tmp_path, {}).find(numbered(400))
    assert (np.floor(found) == np.repeat(np.arange(8), 50)).all()
    assert (found == ScoreStore(tmp_path, {}).find(numbered(400))).all()
    assert len(list(tmp_path.glob("*/*.scores"))) == 16
    assert not list(tmp_path.glob("*/*.tmp"))


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ScoreStore(tmp_path, {})
    store.add(numbered(3), np.ones(3, dtype=np.float32))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables.os, "replace", full)
    with pytest.raises(UserError, match="cannot be written: No space left"):
        store.add(numbered(3, seed=1), np.ones(3, dtype=np.float32))
    assert sorted(path.suffix for path in store.folder.iterdir()) == [".json", ".scores"]


# --- what the scores of a teacher depend on ---------------------------------------------------------------------------


@pytest.fixture
def folder_of(collection: Collection, tmp_path: Path) -> Callable[..., str]:
    """A function that returns the name of a teacher's folder."""

    def folder_of(
        identity: str | None = None,
        students: dict[str, Student] | None = None,
        bm25: Bm25 | None = None,
        **teacher: object,
    ) -> str:
        resources = Resources(collection, students or {"s": Student(model="m")}, bm25 or Bm25())
        models = {} if identity is None else {"one": identity}
        return open_stores(tmp_path, {"one": member(**teacher)}, models, resources)["one"].folder.name

    return folder_of


def test_a_reranker_depends_on_its_settings_and_its_model(folder_of: Callable[..., str]) -> None:
    cross = {"kind": "cross_encoder", "model": "m"}
    first = folder_of("commit 1", **cross)
    assert first == folder_of("commit 1", **cross, weight=3)
    # It uses neither students nor BM25.
    assert first == folder_of("commit 1", **cross, students={"s": Student(model="other")}, bm25=Bm25(k1=2))
    others = [folder_of("commit 2", **cross), folder_of("commit 1", **cross, max_length=9)]
    assert len({first, *others}) == 3


def test_dense_and_late_interaction_depend_on_their_student(folder_of: Callable[..., str]) -> None:
    students = {"s": Student(model="m"), "t": Student(model="m", max_length=9)}
    for kind in ("dense", "late_interaction"):
        first = folder_of("commit 1", students=students, kind=kind)
        assert first == folder_of("commit 1", students=students, kind=kind, student="s", weight=2, bm25=Bm25(k1=2))
        others = [folder_of("commit 1", students=students, kind=kind, student="t")]
        others += [folder_of("commit 2", students=students, kind=kind)]
        assert len({first, *others}) == 3


def test_bm25_depends_on_its_settings_and_on_the_corpus(
    folder_of: Callable[..., str], collection: Collection, tmp_path: Path
) -> None:
    first = folder_of(kind="bm25")
    assert first == folder_of(kind="bm25", students={"s": Student(model="other")}, weight=2)
    assert first != folder_of(kind="bm25", bm25=Bm25(k1=2))
    smaller = Resources(collection.subset(np.arange(5)), {}, Bm25())
    assert first != open_stores(tmp_path, {"one": member(kind="bm25")}, {}, smaller)["one"].folder.name


def test_a_new_version_of_a_kind_is_another_teacher(
    folder_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = folder_of(kind="bm25")
    monkeypatch.setattr("listill.teachers.kinds.bm25.Bm25Teacher.version", 99)
    assert first != folder_of(kind="bm25")


def test_the_files_of_a_model_are_not_read_twice(
    folder_of: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its identity covers them."""
    folder = CASES["bert"].make(tmp_path / "model", seed=0)
    read: list[Path] = []
    monkeypatch.setattr("listill.teachers.store.checksum", lambda path: str(read.append(path)))
    folder_of("commit 1", kind="cross_encoder", model=str(folder))
    assert read == []
    folder_of(kind="cross_encoder", model=str(folder))
    assert [path.name for path in read] == ["config.json", "model.safetensors"]


def test_a_teacher_outside_the_package_depends_on_its_file(
    folder_of: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edited teacher scores everything again."""
    file = tmp_path / "teachers" / "bm25_mine.py"
    file.parent.mkdir()
    monkeypatch.setattr("listill.teachers.store.member_files", lambda *_: [str(file)])
    names = []
    for text in ("a", "b", "a"):
        file.write_text(text)
        names.append(folder_of(kind="bm25"))
    assert names[0] == names[2] != names[1]
