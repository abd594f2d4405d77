"""Every kind of table, damaged in many ways: refused in one line that names the file, and never read as other values."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import damages
from listill import tables
from listill.errors import UserError
from listill.schemas import TABLES
from listill.tables import Provenance

ROWS = 40
ABOUT = Provenance("scores", "f" * 16, {"c/corpus": "0" * 16}, {"suffix": 1, "template": "{title} {text}"}, "c")


def values(kind: pa.DataType, draw: random.Random) -> list[Any]:
    """Return made-up values of a column."""
    if pa.types.is_list(kind):
        return [values(kind.value_type, draw)[: draw.randrange(1, 5)] for _ in range(ROWS)]
    if pa.types.is_string(kind):
        return [f"text {draw.randrange(12)}" for _ in range(ROWS)]
    return [draw.randrange(100) if pa.types.is_integer(kind) else draw.random() for _ in range(ROWS)]


def written(path: Path, name: str) -> bytes:
    """Write a made-up table, and return the content of its file."""
    draw = random.Random(name)
    columns = {column.name: values(column.type, draw) for column in TABLES[name].schema}
    tables.write(path, name, columns, ABOUT)
    return path.read_bytes()


@pytest.mark.parametrize("name", TABLES)
def test_damage_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.parquet"
    content, counts = written(path, name), Counter[str]()
    expected = damages.read_table(path, name)
    for damage in damages.damages(content, random.Random(name), 25):
        damage.put(path)
        counts[damages.outcome(lambda: damages.read_table(path, name), expected)] += 1
    # A flip in the name of the checksum makes a table without one, with the same values.
    assert counts.keys() <= {"refused", "equal"}
    assert counts["equal"] <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scores", "embeddings", "lists"])
def test_no_bit_of_a_table_can_change_unnoticed(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.parquet"
    content, counts = written(path, name), Counter[str]()
    expected = damages.read_table(path, name)
    for bit in range(8 * len(content)):
        flipped = damages.changed(content, bit // 8, bytes([content[bit // 8] ^ 1 << bit % 8]))
        damages.Damage("bit", flipped).put(path)
        counts[damages.outcome(lambda: damages.read_table(path, name), expected)] += 1
    print(name, dict(counts))
    assert counts.keys() == {"refused", "equal"}
    assert counts["equal"] <= 8 * len("listill.checksum")


def test_the_message_names_the_file_and_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    content = written(path, "scores")
    fix = "delete the file and run again, or replace it"
    messages = {
        damages.changed(content, 100, b"\0\1\2"): f"{path}: is damaged (its checksum differs): {fix}",
        b"": f"{path}: not a Parquet file, or damaged: ",
        None: f"{path}: is a folder, not a Parquet file: remove it and run again",
    }
    for damaged, message in messages.items():
        damages.Damage("", damaged).put(path)
        for read in (lambda: tables.read(path, "scores"), lambda: tables.provenance(path)):
            with pytest.raises(UserError) as caught:
                read()
            assert str(caught.value).startswith(message)
            assert str(caught.value).endswith(fix if damaged is not None else "run again")


@pytest.mark.parametrize("metadata", [b"no JSON", b"\xff", b"[]", b'{"key": "scores"}', b'{"unknown": 1}'])
def test_metadata_of_others_are_named(tmp_path: Path, metadata: bytes) -> None:
    path = tmp_path / "scores.parquet"
    schema = TABLES["scores"].schema.with_metadata({b"listill": metadata})
    pq.write_table(pa.table({"query_id": ["q"], "doc_id": ["d"], "teacher": ["t"], "score": [1.0]}, schema), path)
    with pytest.raises(UserError, match=r"scores\.parquet: its metadata `listill` are not those of this program: del"):
        tables.provenance(path)


def test_a_page_of_another_tool_is_checked(tmp_path: Path) -> None:
    """A file without our checksum, but with those of pages."""
    path = tmp_path / "scores.parquet"
    columns = {"query_id": ["q"] * 500, "doc_id": ["d"] * 500, "teacher": ["t"] * 500, "score": [0.5] * 499 + [0.1]}
    table = pa.table(columns, TABLES["scores"].schema)
    pq.write_table(table, path, compression="none", use_dictionary=False, write_page_checksum=True)
    score = path.read_bytes().index(b"\0\0\0\x3f" * 4)
    path.write_bytes(damages.changed(path.read_bytes(), score, b"\0\0\x40\x3f"))
    with pytest.raises(UserError, match=r"scores\.parquet: not a Parquet file, or damaged: .*CRC"):
        tables.read(path, "scores")


@pytest.mark.parametrize("kind", ["bit", "empty", "folder", "foreign Parquet file"])
def test_a_stage_ends_with_one_line(kind: str, tmp_path: Path) -> None:
    runs = [tmp_path / "bm25.parquet", tmp_path / "small.parquet"]
    for path in runs:
        written(path, "runs")
    damage = next(d for d in damages.damages(runs[1].read_bytes(), random.Random(1), 5) if d.kind == kind)
    damage.put(runs[1])
    command = [
        sys.executable,
        "-m",
        "listill.stages.fuse",
        "--runs",
        *map(str, runs),
        "--out",
        str(tmp_path / "o.parquet"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"listill fuse: error: {runs[1]}: ")
    assert not (tmp_path / "o.parquet").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None])
def test_numbers_that_are_not_finite_are_refused(value: float | None, tmp_path: Path) -> None:
    """Where a table is written, and where that of another tool is read."""
    path = tmp_path / "runs.parquet"
    data = {"query_id": ["q", "q"], "doc_id": ["d", "e"], "rank": [1, 2], "score": [1.0, value]}
    with pytest.raises(UserError, match=r"the new table runs: column 'score' has the value (nan|-?inf|None): a model"):
        tables.write(path, "runs", data, ABOUT)
    assert not path.exists()
    pq.write_table(pa.table(data, TABLES["runs"].schema), path)
    with pytest.raises(UserError, match=r"runs\.parquet: column 'score' has the value (nan|-?inf|None): delete the"):
        tables.read(path, "runs")
    embeddings = {"doc_id": ["d"], "embedding": [[0.5, value]]}
    with pytest.raises(UserError, match="column 'embedding' has the value"):
        tables.as_table("embeddings", embeddings)


def test_a_score_that_was_not_measured_may_be_null(tmp_path: Path) -> None:
    columns = {"query_id": ["q"], "doc_id": ["d"], "retriever": ["positive"], "rank": [0], "score": [None]}
    tables.write(tmp_path / "candidates.parquet", "candidates", columns, ABOUT)
    assert tables.read(tmp_path / "candidates.parquet", "candidates")["score"].isna().all()
    with pytest.raises(UserError, match="column 'score' has the value nan"):
        tables.as_table("candidates", pa.table({**columns, "score": pa.array([float("nan")])}))
