"""How the files of the formats are written."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object per line, in UTF-8."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a Parquet file without metadata of this program, which is read by any tool."""
    pq.write_table(table, path, compression="zstd")
