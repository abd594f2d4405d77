"""Teachers that score with the base model of a student."""

from pathlib import Path

import pytest

import tiny
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.settings.bm25 import Bm25
from listill.settings.students import Student
from listill.teachers.resources import Resources
from plain_rerankers import member

KINDS = pytest.mark.parametrize("kind", ["dense", "late_interaction"])


@KINDS
def test_the_student_that_is_used(kind: str) -> None:
    assert member(kind=kind, student="small").students_used() == ["small"]
    assert member(kind=kind).students_used() == []
    assert member(kind="bm25").students_used() == []


@KINDS
def test_the_default_student_is_the_first_by_name(kind: str) -> None:
    assert member(kind=kind).resolved(["small", "large"]).students_used() == ["large"]
    assert member(kind=kind, student="small").resolved(["small", "large"]).students_used() == ["small"]


@KINDS
def test_stored_scores_depend_on_the_settings_of_the_student_but_not_on_its_name(
    kind: str, collection: Collection
) -> None:
    def basis(students: dict[str, Student], student: str | None = None) -> dict:
        return member(kind=kind, student=student).basis(Resources(collection, students, Bm25()))

    one, other = Student(model="m"), Student(model="m", max_length=9)
    assert basis({"a": one}) == basis({"b": one}) == basis({"a": other, "b": one}, "b")
    assert basis({"a": one}) != basis({"a": other})
    assert "weight" not in basis({"a": one})


@KINDS
def test_the_identity_is_that_of_the_model(kind: str, collection: Collection, tmp_path: Path) -> None:
    folders = {name: tiny.make_tiny_model(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))}
    resources = Resources(collection, {name: Student(model=str(folder)) for name, folder in folders.items()}, Bm25())
    a, b, c = (member(kind=kind, student=name).identity(resources) for name in "abc")
    assert a == member(kind=kind).identity(resources)
    assert a == b != c
    with pytest.raises(UserError, match="model /nowhere/m: no such folder"):
        member(kind=kind).identity(Resources(collection, {"s": Student(model="/nowhere/m")}, Bm25()))
