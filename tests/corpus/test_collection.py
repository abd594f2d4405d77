"""The corpus in memory."""

from pathlib import Path

import numpy as np
import pytest

from listill import tables
from listill.corpus.collection import Collection, load
from listill.errors import UserError


def collection() -> Collection:
    return Collection(["b", "a", "c", "d"], ["B", None, "C", ""], list("wxyz"), np.array([0, 1, 0, 1]))


@pytest.mark.parametrize("details", [{}, {"template": "{text}", "topics_are_documents": True, "language": "thai"}])
def test_details_in_the_metadata_are_loaded(details: dict[str, object], tmp_path: Path) -> None:
    rows = {"doc_id": ["a"], "title": ["T"], "text": ["x"], "duplicate_of": [None]}
    tables.write(tmp_path / "c.parquet", "corpus", rows, tables.Provenance("corpus", "f", {}, dict(details)))
    loaded = load(tmp_path / "c.parquet")
    assert loaded.rendered(0) == ("x" if details else "T x")
    assert loaded.topics_are_documents == bool(details)
    assert loaded.language == loaded.subset(np.arange(1)).language == ("thai" if details else "english")


def test_a_missing_title_leaves_no_extra_space() -> None:
    assert [collection().rendered(i) for i in range(4)] == ["B w", "x", "C y", "z"]


def test_ties_are_broken_by_id() -> None:
    assert collection().id_order.tolist() == [1, 0, 2, 3]


def test_positions_and_masks_of_ids() -> None:
    assert collection().positions(["d", "b"], "here").tolist() == [3, 0]
    assert collection().mask(["d", "b"], "here").tolist() == [True, False, False, True]
    with pytest.raises(UserError, match=r"^here: document 'zz' is not in the corpus$"):
        collection().positions(["a", "zz"], "here")


def test_a_subset_keeps_duplicate_groups() -> None:
    part = collection().subset(np.array([3, 2, 1]))
    assert (part.doc_ids, part.titles, part.texts) == (["d", "c", "a"], ["", "C", ""], ["z", "y", "x"])
    assert part.group[0] == part.group[2] != part.group[1]


def test_duplicates_belong_to_the_group_of_the_first_document(tmp_path: Path) -> None:
    rows = {"doc_id": ["a", "b", "c"], "title": [None] * 3, "text": ["x", "y", "X"], "duplicate_of": [None, None, "a"]}
    tables.write(tmp_path / "c.parquet", "corpus", rows, tables.Provenance("corpus", "f"))
    assert load(tmp_path / "c.parquet").group.tolist() == [0, 1, 0]
