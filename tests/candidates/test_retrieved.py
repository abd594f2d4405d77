"""Retrieving in parts: one retriever after the other, and a finished part is not made again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixed_retriever import FixedRetriever, plain_collection
from listill.candidates import retrieved
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.retriever import Retriever
from listill.settings.search_index import SearchIndex
from listill.settings.students import Student

COLLECTION = plain_collection(6)
QUERIES = pd.DataFrame({"query_id": [f"q{i}" for i in range(7)], "text": [f"text {i}" for i in range(7)]})
RESULTS = {"one": {f"text {i}": [i % 6, (i + 1) % 6, (i + 2) % 6] for i in range(7)}, "two": {"text 2": [5]}}


class Counted(FixedRetriever):
    """Notes which queries it is asked."""

    def run(self, query_ids: list[str], queries: list[str], depth: int) -> pd.DataFrame:  # type: ignore[override]
        asked.append((self.name, query_ids))
        return super().run(query_ids, queries, depth)


asked: list[tuple[str, list[str]]] = []
opened: list[str] = []


def member(name: str) -> Retriever:
    opened.append(name)
    return Counted(name, COLLECTION, RESULTS[name])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieved, "BLOCK", 3)
    asked.clear()
    opened.clear()


MEMBERS = {name: lambda name=name: member(name) for name in RESULTS}


def test_each_retriever_is_opened_once_and_finds_all_blocks(tmp_path: Path) -> None:
    retrieved.retrieve(QUERIES, MEMBERS, 2, tmp_path)
    assert opened == ["one", "two"]
    blocks = [["q0", "q1", "q2"], ["q3", "q4", "q5"], ["q6"]]
    assert asked == [(name, block) for name in RESULTS for block in blocks]
    found = retrieved.retrieved(["one", "two"], 0, tmp_path)
    rows = [(0, 0, 1, "one"), (0, 1, 2, "one"), (1, 1, 1, "one"), (1, 2, 2, "one"), (2, 2, 1, "one"), (2, 3, 2, "one")]
    expected = pd.DataFrame([*rows, (2, 5, 1, "two")], columns=["query", "document", "rank", "retriever"])
    pd.testing.assert_frame_equal(found.drop(columns="score"), expected)
    assert found["score"].dtype == np.float32
    assert found["score"].tolist() == [9, 8, 9, 8, 9, 8, 9]


def test_the_recall_of_an_index_is_measured_once(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    vectors = encoder.encode(list(COLLECTION.all_rendered()), "document")

    def dense(index: SearchIndex) -> Retriever:
        retriever = DenseRetriever("small", COLLECTION, encoder, vectors)
        retriever.use(index)
        return retriever

    few = SearchIndex(method="ivf", lists=6, probes=1)
    retrieved.retrieve(QUERIES, {"exact": lambda: dense(SearchIndex())}, 2, tmp_path)
    assert retrieved.recalls(["exact"], tmp_path) == {}
    retrieved.retrieve(QUERIES, {"small": lambda: dense(few)}, 2, tmp_path)
    share = retrieved.recalls(["small", "exact"], tmp_path)["small"]
    assert 0 < share < 1  # one of six lists is searched
    for damaged in ("small.recall.npy", "small.3.npy"):  # it is measured again even if all parts are there
        (tmp_path / damaged).write_bytes(b"half")
        retrieved.retrieve(QUERIES, {"small": lambda: dense(few)}, 2, tmp_path)
        assert retrieved.recalls(["small"], tmp_path) == {"small": share}
    (tmp_path / "small.3.npy").unlink()
    monkeypatch.setattr(DenseRetriever, "recall", None)  # not called again
    retrieved.retrieve(QUERIES, {"small": lambda: dense(few)}, 2, tmp_path)
    assert retrieved.recalls(["small"], tmp_path) == {"small": share}


def test_finished_parts_are_kept_and_damaged_ones_are_made_again(tmp_path: Path) -> None:
    retrieved.retrieve(QUERIES, MEMBERS, 2, tmp_path)
    expected = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "one.3.npy").write_bytes(b"half")
    (tmp_path / "two.6.npy").unlink()
    before = (tmp_path / "one.0.npy").stat().st_mtime_ns
    asked.clear()
    retrieved.retrieve(QUERIES, MEMBERS, 2, tmp_path)
    assert asked == [("one", ["q3", "q4", "q5"]), ("two", ["q6"])]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == expected
    assert (tmp_path / "one.0.npy").stat().st_mtime_ns == before
    opened.clear()
    retrieved.retrieve(QUERIES, MEMBERS, 2, tmp_path)
    assert opened == []
