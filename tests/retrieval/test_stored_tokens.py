"""Storing and loading tokens."""

from pathlib import Path

import numpy as np
import pytest

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval import stored_tokens
from listill.retrieval.tokens import Tokens

TOKENS = Tokens.of([np.array([1, 2, 3]), np.array([4]), np.array([5, 6]), np.array([], dtype=np.int32)], suffix=1)


def collection(*ids: str) -> Collection:
    return Collection(list(ids), [None] * len(ids), list(ids), np.arange(len(ids)))


@pytest.mark.parametrize("part", [1, 3, 10])
def test_tokens_written_in_parts_are_loaded_completely(tmp_path: Path, part: int) -> None:
    ids, file = ["a", "b", "c", "d"], tmp_path / "tokens.parquet"
    with tables.writer(file, "tokens", tables.Provenance("tokens/m", "f", {}, {"suffix": 1})) as table:
        for start in range(0, 4, part):
            positions = np.arange(start, min(4, start + part))
            table.write_table(stored_tokens.as_table(ids[start : start + part], TOKENS.take(positions)))
    loaded = stored_tokens.load(file, collection(*ids))
    assert [loaded[i].tolist() for i in range(4)] == [[1, 2, 3], [4], [5, 6], []]
    assert loaded.suffix == 1
    with pytest.raises(UserError, match="its documents differ from those of the corpus"):
        stored_tokens.load(file, collection("a", "b", "c", "x"))


def test_parts_are_in_the_order_of_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_tokens, "PART", 3)
    parts = list(stored_tokens.in_parts(TOKENS, collection("a", "b", "c", "d")))
    assert [part["doc_id"].to_pylist() for part in parts] == [["a", "b", "c"], ["d"]]
    assert [row for part in parts for row in part["tokens"].to_pylist()] == [[1, 2, 3], [4], [5, 6], []]
