"""Damaged copies of files, what a reader makes of them, and the counts for a finished run.

python tests/damages.py RESULTS damages every table below results/<corpus> of a finished run in many ways, reads it, and
prints the number of outcomes by kind of damage.
"""

import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from listill import tables
from listill.errors import UserError
from listill.schemas import TABLES


@dataclass(frozen=True)
class Damage:
    """A kind of damage, and the content of the damaged file; None for a folder in its place."""

    kind: str
    content: bytes | None

    def put(self, path: Path) -> None:
        """Replace the file."""
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.mkdir() if self.content is None else path.write_bytes(self.content)
        if forget := getattr(tables, "_intact_once", None):  # the clock of the file system is too coarse for tests
            forget.cache_clear()


def damages(content: bytes, draw: random.Random, flips: int) -> Iterator[Damage]:
    """Yield damaged versions of a file: ``flips`` of single bits and bytes each, blocks of zeros, and the others."""
    for position in [draw.randrange(len(content)) for _ in range(flips)]:
        yield Damage("bit", changed(content, position, bytes([content[position] ^ 1 << draw.randrange(8)])))
    for position in [draw.randrange(len(content)) for _ in range(flips)]:
        yield Damage("byte", changed(content, position, bytes([content[position] ^ draw.randrange(1, 256)])))
    for position in [draw.randrange(len(content)) for _ in range(max(1, flips // 4))]:
        damaged = changed(content, position, bytes(min(16, len(content) - position)))
        if damaged != content:
            yield Damage("block of zeros", damaged)
    for size in {len(content) - 1, len(content) - 8, len(content) // 2, len(content) // 10, 4}:
        yield Damage("truncated", content[: max(0, size)])
    yield Damage("empty", b"")
    yield Damage("folder", None)
    yield Damage("foreign Parquet file", foreign())


def changed(content: bytes, position: int, new: bytes) -> bytes:
    """Return the content with other bytes at a position."""
    return content[:position] + new + content[position + len(new) :]


def foreign() -> bytes:
    """Return the content of a Parquet file of another tool."""
    out = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": ["1", "2"], "value": [0.5, float("nan")]}), out)
    return bytes(out.getvalue().to_pybytes())


def outcome(read: Callable[[], Any], expected: Any) -> str:
    """Return ``refused`` (one line), ``equal``, ``other values``, or ``traceback`` with the exception."""
    try:
        value = read()
    except UserError as error:
        return "refused" if "\n" not in str(error) else "several lines"
    except Exception as error:
        return f"traceback: {type(error).__name__}"
    return "equal" if value == expected else "other values"


def read_table(path: Path, name: str) -> tuple[Any, Any]:
    """Return all that stages read of a table, as plain data."""
    return tables.read_arrow(path, name).to_pydict(), tables.provenance(path)


def table_of(path: str) -> str | None:
    """Return the table that a file of a run holds, by its path below results/<corpus>."""
    for name, table in TABLES.items():
        for pattern in table.files.split(", "):
            if re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", pattern.replace(".", r"\.")), path):
                return name
    return None


def damage_tables(results: Path, flips: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Damage each table of a finished run in a copy, and return the number of outcomes by kind of damage."""
    draw, counts = random.Random(seed), Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        for original in sorted(results.rglob("*.parquet")):
            name = table_of(str(original.relative_to(results)))
            if name is None:
                continue
            path = Path(folder) / original.name
            expected = read_table(original, name)
            for damage in damages(original.read_bytes(), draw, flips):
                damage.put(path)
                counts[damage.kind, outcome(lambda path=path, name=name: read_table(path, name), expected)] += 1
            Damage("removed", b"").put(path)
    return counts


if __name__ == "__main__":
    counts = damage_tables(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    for (kind, result), number in sorted(counts.items()):
        print(f"{kind} | {result} | {number}")
