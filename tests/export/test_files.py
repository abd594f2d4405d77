"""The files of the formats."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from listill.export.files import write_jsonl, write_parquet


def test_one_json_object_per_line_in_utf_8(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "rows.jsonl", iter([{"a": "é\n\u2028"}, {"a": None}]))
    assert (tmp_path / "rows.jsonl").read_bytes() == '{"a": "é\\n\u2028"}\n{"a": null}\n'.encode()


def test_a_parquet_file_without_metadata_of_this_program(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet", pa.table({"a": [1]}))
    assert pq.read_table(tmp_path / "t.parquet").to_pydict() == {"a": [1]}
    assert not pq.read_schema(tmp_path / "t.parquet").metadata
