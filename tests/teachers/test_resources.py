"""Resources of the teachers are loaded once, and only one large model is kept at a time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.models import locate
from listill.settings.bm25 import Bm25
from listill.settings.students import Student
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources


def test_resources(collection: Collection, resources: Resources) -> None:
    assert resources.student_name(None) == "s"
    assert resources.student_name("t") == "t"
    assert resources.encoder("s") is resources.encoder("s")
    assert resources.index is resources.index
    two = Resources(collection, {"t": Student(model="t"), "s": Student(model="s")}, Bm25())
    assert two.student_name(None) == "s"  # frozen settings have sorted keys
    with pytest.raises(UserError, match="this teacher needs the model of a student, but there are no students"):
        Resources(collection, {}, Bm25()).student_name(None)


def test_the_identity_of_the_corpus_is_that_of_its_texts(collection: Collection) -> None:
    def identity(some: Collection) -> str:
        return Resources(some, {}, Bm25()).corpus_identity

    first = identity(collection)
    assert first == identity(replace(collection, doc_ids=[f"x{i}" for i in range(24)]))
    others = [collection.subset(np.arange(23)), replace(collection, template="{text}")]
    others += [replace(collection, texts=["a", *collection.texts[1:]])]
    assert len({first, *map(identity, others)}) == 4


def test_the_identity_of_a_student_is_that_of_its_model(resources: Resources, tiny_model: Path) -> None:
    assert resources.student_identity("s") == locate.identity(tiny_model)


def test_only_one_model_is_kept(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    loads = []

    def load(settings: str) -> str:
        loads.append(settings)
        return settings.upper()

    assert [fresh.loaded(name, load) for name in ("a", "a", "b", "a")] == ["A", "A", "B", "A"]
    assert loads == ["a", "b", "a"]


def test_retrievers_are_bm25_and_the_students_with_embeddings(collection: Collection, resources: Resources) -> None:
    assert [retriever.name for retriever in resources.retrievers()] == ["bm25"]
    matrix = resources.encoder("s").encode([collection.rendered(i) for i in range(24)], "document")
    both = Resources(collection, resources.students, resources.bm25, {"s": matrix}).retrievers()
    assert [retriever.name for retriever in both] == ["bm25", "s"]
    for retriever in both:
        run = retriever.run(["q"], [collection.rendered(5)], 3)
        assert run["document"].iloc[0] == 5
