"""Embeddings on disk."""

from pathlib import Path

import numpy as np
import pytest

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval import embeddings

VECTORS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
IDS = list("abcde")


def corpus(ids: list[str]) -> Collection:
    return Collection(ids, [None] * len(ids), ids, np.arange(len(ids)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with tables.writer(tmp_path / "s.parquet", "embeddings", tables.Provenance("embeddings/s", "f")) as out:
        for start in (0, 2, 4):
            out.write_table(embeddings.as_table(IDS[start : start + 2], VECTORS[start : start + 2]))
    return tmp_path / "s.parquet"


def test_round_trip_in_blocks(path: Path) -> None:
    loaded = embeddings.load(path, corpus(IDS))
    np.testing.assert_array_equal(loaded, VECTORS)
    assert loaded.dtype == np.float32
    assert embeddings.load_named([path], corpus(IDS)).keys() == {"s"}


@pytest.mark.parametrize("ids", [list("abcd"), list("abcdf"), list("badce")])
def test_embeddings_of_another_corpus_are_refused(path: Path, ids: list[str]) -> None:
    with pytest.raises(UserError, match=r"s\.parquet: its documents are not those of the corpus"):
        embeddings.load(path, corpus(ids))
