"""Parquet tables: atomic writing, checked reading, provenance and lineage."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listill import tables
from listill.errors import UserError
from listill.schemas import SCHEMAS, TABLES
from listill.tables import Provenance

LISTS = {
    "query_id": ["q1", "q2"],
    "type": ["human", "lead"],
    "split": ["train", "train"],
    "doc_ids": [["a", "b", "c"], ["b"]],
    "scores": [[1.0, 0.5, 0.25], [0.0]],
    "other_ids": [["d"], []],
    "other_scores": [[0.75], []],
    "near_positives": [["c"], []],
}
QRELS = {"query_id": ["q"], "doc_id": ["d"], "relevance": [1], "split": ["test"]}


def test_round_trip_with_metadata(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lists.parquet"
    about = Provenance("lists/s", "f1", {"c/corpus": "f0"}, {"stage": "lists", "seed": 3}, "c")
    tables.write(path, "lists", LISTS, about)
    frame = tables.read(path, "lists")
    assert {column: [list(v) if isinstance(v, np.ndarray) else v for v in frame[column]] for column in frame} == LISTS
    assert tables.provenance(path) == about
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_frames_and_arrow_tables_give_the_same_file(tmp_path: Path) -> None:
    frame = pd.DataFrame(QRELS).assign(surplus=1)[["surplus", "split", "relevance", "doc_id", "query_id"]]
    arrow = pa.table({**QRELS, "surplus": [1]})
    for data in (QRELS, frame, arrow):
        tables.write(tmp_path / "qrels.parquet", "qrels", data, Provenance("qrels", "f"))
        table = pq.read_table(tmp_path / "qrels.parquet")
        assert table.schema.remove_metadata() == SCHEMAS["qrels"]
        assert table.to_pydict() == QRELS


def test_nullable_columns_stay_null(tmp_path: Path) -> None:
    names = SCHEMAS["queries"].names
    frame = pd.DataFrame([dict.fromkeys(names)]).assign(query_id="q", text="t")
    frame["start"] = pd.array([pd.NA], dtype="Int32")
    tables.write(tmp_path / "q.parquet", "queries", frame, Provenance("queries", "f"))
    assert tables.read_arrow(tmp_path / "q.parquet", "queries").select(["start", "seed"]).to_pylist() == [
        {"start": None, "seed": None}
    ]


def test_tables_can_be_written_in_blocks(tmp_path: Path) -> None:
    with tables.writer(tmp_path / "q.parquet", "qrels", Provenance("qrels", "f")) as out:
        for _ in range(3):
            out.write_table(tables.as_table("qrels", QRELS))
    assert len(tables.read(tmp_path / "q.parquet", "qrels")) == 3
    assert tables.provenance(tmp_path / "q.parquet").fingerprint == "f"


@pytest.mark.parametrize("old", [False, True])
def test_an_interrupted_writer_does_not_change_the_file(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "qrels.parquet"
    if old:
        tables.write(path, "qrels", QRELS, Provenance("qrels", "old"))
    with (  # noqa: PT012
        pytest.raises(RuntimeError, match="in the middle"),
        tables.writer(path, "qrels", Provenance("qrels", "new")) as out,
    ):
        out.write_table(tables.as_table("qrels", QRELS))
        assert len(list(tmp_path.iterdir())) == 1 + old  # the temporary file
        raise RuntimeError("in the middle")
    assert [file.name for file in tmp_path.iterdir()] == ["qrels.parquet"] * old
    if old:
        assert tables.provenance(path).fingerprint == "old"


def test_the_file_does_not_exist_while_it_is_written(tmp_path: Path) -> None:
    with tables.atomic(tmp_path / "x") as temporary:
        temporary.write_text("half")
        assert not (tmp_path / "x").exists()
        assert temporary.parent == tmp_path
    assert (tmp_path / "x").read_text() == "half"
    assert len(list(tmp_path.iterdir())) == 1


def test_columns_are_read_in_the_requested_order(tmp_path: Path) -> None:
    path = tmp_path / "qrels.parquet"
    pq.write_table(
        pa.table({"surplus": [0], "split": ["test"], "relevance": [1], "query_id": ["q"], "doc_id": ["d"]}), path
    )
    assert tables.read(path, "qrels", ["relevance", "query_id"]).columns.tolist() == ["relevance", "query_id"]
    assert tables.read(path, "qrels").columns.tolist() == SCHEMAS["qrels"].names


def test_invalid_tables_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(UserError, match=r"t\.parquet: no such file"):
        tables.read(path, "qrels")
    path.write_text("query_id,doc_id\n")
    with pytest.raises(UserError, match=r"t\.parquet: not a Parquet file"):
        tables.read(path, "qrels")
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"t\.parquet: not a Parquet file"):
        tables.read(path, "qrels")
    pq.write_table(pa.table({key: value for key, value in QRELS.items() if key != "relevance"}), path)
    with pytest.raises(
        UserError, match=r"t\.parquet: column 'relevance' is missing; a qrels table has the columns query_id, doc_id"
    ):
        tables.read(path, "qrels")
    with pytest.raises(UserError, match="column 'relevance' is missing"):
        tables.read(path, "qrels", ["query_id"])
    pq.write_table(pa.table({**QRELS, "relevance": ["very"]}), path)
    with pytest.raises(UserError, match=r"t\.parquet: column types differ from those of a qrels") as caught:
        tables.read(path, "qrels")
    assert "\n" not in str(caught.value)
    pq.write_table(pa.table({**QRELS, "relevance": pa.array([1], pa.int64())}), path)
    assert tables.read(path, "qrels")["relevance"].tolist() == [1]


def test_a_missing_optional_column_is_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"query_id": ["q", "r"], "doc_id": ["d", "e"], "split": ["test", "test"]}), path)
    optional = dataclasses.replace(TABLES["qrels"], optional=frozenset({"relevance", "split"}))
    monkeypatch.setitem(TABLES, "qrels", optional)
    table = tables.read_arrow(path, "qrels")
    assert table.schema == SCHEMAS["qrels"]
    assert table["relevance"].to_pylist() == [None, None]
    assert table["split"].to_pylist() == ["test", "test"]
    assert tables.read_arrow(path, "qrels", ["relevance"]).to_pylist() == [{"relevance": None}] * 2
    pq.write_table(pa.table({"query_id": ["q"]}), path)
    with pytest.raises(UserError, match=r"column 'doc_id' is missing; a qrels table has the columns query_id, doc_id$"):
        tables.read(path, "qrels")


def test_a_column_of_an_incompatible_type_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({**LISTS, "doc_ids": ["a b c", "b"]}), path)
    with pytest.raises(UserError, match=r"t\.parquet: column types differ from those of a lists"):
        tables.read(path, "lists")


def test_an_external_file_is_identified_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "corpus.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    about = tables.provenance(path)
    assert (about.key, about.lineage, about.details) == ("corpus", {}, {"foreign": True})
    pq.write_table(pa.table({"a": [2]}), path)
    assert tables.provenance(path).fingerprint != about.fingerprint
    text = tmp_path / "notes.tsv"
    text.write_text("x")
    assert tables.provenance(text).key == "notes"


def test_provenance_of_an_invalid_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("no")
    with pytest.raises(UserError, match=r"t\.parquet: not a Parquet file"):
        tables.provenance(tmp_path / "t.parquet")
    with pytest.raises(UserError, match=r"u\.parquet: no such file"):
        tables.provenance(tmp_path / "u.parquet")


def write_qrels(
    path: Path, key: str, fingerprint: str, lineage: dict[str, str] | None = None, corpus: str = "c"
) -> Path:
    tables.write(path, "qrels", QRELS, Provenance(key, fingerprint, lineage or {}, {}, corpus))
    return path


def test_lineages_are_merged(tmp_path: Path) -> None:
    one = write_qrels(tmp_path / "one.parquet", "queries", "q1", {"c/corpus": "c1"})
    two = write_qrels(tmp_path / "two.parquet", "corpus", "c1")
    assert tables.merge_lineages([one, two]) == {"c/corpus": "c1", "c/queries": "q1"}
    assert tables.merge_lineages([]) == {}


@pytest.mark.parametrize("swapped", [False, True])
def test_files_of_different_versions_cannot_be_combined(tmp_path: Path, swapped: bool) -> None:
    files = [
        write_qrels(tmp_path / "queries.parquet", "queries", "q1", {"c/corpus": "c1"}),
        write_qrels(tmp_path / "corpus.parquet", "corpus", "c2"),
    ]
    first, second = files[::-1] if swapped else files
    with pytest.raises(UserError) as caught:
        tables.merge_lineages([first, second])
    assert str(caught.value).startswith(f"{second}: does not belong with {first}: ")
    assert "different versions of c/corpus" in str(caught.value)


def test_files_of_the_same_key_in_different_corpora_are_different_files(tmp_path: Path) -> None:
    one = write_qrels(tmp_path / "one.parquet", "corpus", "c1")
    other = write_qrels(tmp_path / "other.parquet", "models/s/v", "m1", {"d/corpus": "d1"}, corpus="d")
    assert tables.merge_lineages([one, other]) == {"c/corpus": "c1", "d/corpus": "d1", "d/models/s/v": "m1"}
    assert Provenance("corpus", "f", corpus="c").name == "c/corpus"
    assert Provenance("corpus", "f").name == "corpus"


def test_inputs_are_of_one_corpus(tmp_path: Path) -> None:
    one, two = (
        write_qrels(tmp_path / "one.parquet", "corpus", "c1"),
        write_qrels(tmp_path / "two.parquet", "queries", "q1"),
    )
    other = write_qrels(tmp_path / "other.parquet", "queries", "q2", corpus="d")
    external = tmp_path / "external.parquet"
    pq.write_table(pa.table(QRELS), external)
    assert tables.common_corpus([]) is tables.common_corpus([external]) is None
    assert tables.common_corpus([external, one, two]) == "c"
    with pytest.raises(UserError) as caught:
        tables.common_corpus([one, external, other])
    assert str(caught.value) == f"{other}: is of the corpus 'd', but {one} of 'c': give files of one corpus"


def test_external_files_have_no_lineage(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    ours = write_qrels(tmp_path / "queries.parquet", "queries", "q1", {"c/corpus": "c1"})
    external = tmp_path / "theirs" / "queries.parquet"
    pq.write_table(pa.table(QRELS), external)
    merged = tables.merge_lineages([external])
    assert merged == {"queries": tables.provenance(external).fingerprint}
    assert tables.merge_lineages([ours, external]) == {"c/corpus": "c1", "c/queries": "q1", **merged}
    # Two external files may have the same name, because nothing is known about their versions.
    again = tmp_path / "queries2" / "queries.parquet"
    again.parent.mkdir()
    pq.write_table(pa.table({**QRELS, "relevance": [0]}), again)
    assert tables.merge_lineages([external, again]) == merged


def test_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, used = tmp_path / f".x.{ended.pid}.tmp", tmp_path / f".x.{os.getppid()}.tmp"
    other = tmp_path / f".y.{ended.pid}.tmp"
    for path in (left, used, other):
        path.write_text("half")
    folder = tmp_path / f".model.{ended.pid}.tmp"
    (folder / "inner").mkdir(parents=True)
    tables.clear(tmp_path / "x")
    tables.clear(tmp_path / "model")
    assert sorted(tmp_path.iterdir()) == sorted([used, other])


def test_a_model_folder_has_provenance(tmp_path: Path) -> None:
    about = Provenance("models/s/v", "f1", {"c/corpus": "c1"}, {"best_step": 3}, "c")
    (tmp_path / "listill.json").write_text(about.to_json())
    assert tables.provenance(tmp_path) == about
    assert json.loads(about.to_json())["fingerprint"] == "f1"


def test_an_external_model_folder_is_identified_by_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "minilm"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling" / "config.json").write_text("{}")
    first = tables.provenance(folder)
    assert (first.key, first.details) == ("minilm", {"foreign": True})
    (folder / "1_Pooling" / "config.json").write_text("{ }")
    assert tables.provenance(folder).fingerprint != first.fingerprint


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_files_of_a_folder_are_as_readable_as_the_folder(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with tables.atomic(tmp_path / "folder") as temporary:
            temporary.mkdir()
            (temporary / "weights").touch(mode=0o600)
            (temporary / "other").touch()
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "folder").iterdir()}
    assert modes == dict.fromkeys(["weights", "other"], 0o666 & ~mask)
