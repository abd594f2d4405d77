"""The Parquet tables: their metadata, atomic writing and checked reading. Their columns stand in ``schemas``.

The metadata of a file say what it is and what it was made from: its ``corpus``, its ``key`` (``corpus``, ``lists/minilm``), a
``fingerprint`` (of the stage's settings and of all inputs) and the ``lineage``: the fingerprints of all files that it
descends from, by corpus and key (``scifact/lists/minilm``). A stage may only combine files whose lineages agree.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from listill.errors import UserError
from listill.schemas import SCHEMAS

if TYPE_CHECKING:
    import numpy as np

METADATA = b"listill"
ROW_GROUP = 65_536


@dataclass(frozen=True)
class Provenance:
    """What a file is and what it was made from."""

    key: str
    fingerprint: str
    lineage: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    corpus: str | None = None  # unknown for a file that was made elsewhere

    @property
    def name(self) -> str:
        """What the file is, over all corpora: its name in lineages."""
        return f"{self.corpus}/{self.key}" if self.corpus else self.key

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def digest(text: str) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _metadata(path: Path) -> Provenance | None:
    """Return what ``path`` says of itself; None for a file or folder that was made elsewhere."""
    if path.is_dir():
        about = path / "listill.json"
        return Provenance(**json.loads(about.read_text())) if about.exists() else None
    try:
        metadata = pq.read_schema(path).metadata if path.suffix == ".parquet" else None
    except (pa.ArrowInvalid, FileNotFoundError) as error:
        raise UserError(_unreadable(path, error)) from None
    return Provenance(**json.loads(metadata[METADATA])) if metadata and METADATA in metadata else None


def provenance(path: Path) -> Provenance:
    """Return what ``path`` (a Parquet file, or a model folder with listill.json) says of itself.

    A file made elsewhere says nothing: its content is its fingerprint then, its name its key, and it has no lineage.
    """
    path = Path(path)
    return _metadata(path) or _foreign(path, sorted(path.rglob("*")) if path.is_dir() else [path])


def _foreign(path: Path, files: list[Path]) -> Provenance:
    sha = hashlib.sha256()
    for file in files:
        if file.is_file():
            with open(file, "rb") as handle:
                while block := handle.read(1 << 20):
                    sha.update(block)
    return Provenance(path.stem, sha.hexdigest()[:16], {}, {"foreign": True})


def merge_lineages(inputs: list[Path]) -> dict[str, str]:
    """Return the fingerprints of the inputs and of all that they descend from.

    Raises UserError if two inputs descend from different versions of a file: they do not belong together.
    """
    merged: dict[str, tuple[str, Path]] = {}
    for path in inputs:
        about = provenance(path)
        own = {} if about.details.get("foreign") and about.name in merged else {about.name: about.fingerprint}
        for key, fingerprint in {**about.lineage, **own}.items():
            known, source = merged.setdefault(key, (fingerprint, path))
            if known != fingerprint:
                raise UserError(
                    f"{path}: does not belong with {source}: they come from different versions of {key} "
                    f"({fingerprint} and {known}); make the older one again"
                )
    return {key: fingerprint for key, (fingerprint, _) in sorted(merged.items())}


def common_corpus(inputs: list[Path]) -> str | None:
    """Return the name of the corpus that the inputs are of; None if all were made elsewhere.

    Raises UserError if they are of different corpora.
    """
    known: tuple[str, Path] | None = None
    for path in inputs:
        about = _metadata(path)  # not its provenance: a file made elsewhere would be read as a whole
        corpus = about.corpus if about else None
        if corpus is None:
            continue
        if known is not None and known[0] != corpus:
            raise UserError(
                f"{path}: is of the corpus '{corpus}', but {known[1]} of '{known[0]}': give files of one corpus"
            )
        known = corpus, path
    return known[0] if known else None


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clear(path: Path) -> None:
    """Remove what processes that were killed have left beside ``path``: the temporary files or folders for it."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        if not _alive(int(left.suffixes[-2][1:])):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; on success it is synced and takes the name ``path``."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def as_table(name: str, data: pd.DataFrame | dict[str, Any] | pa.Table) -> pa.Table:
    """Return ``data`` as an Arrow table with exactly the columns and types of the table ``name``."""
    schema = SCHEMAS[name]
    if isinstance(data, pa.Table):
        return data.select(schema.names).cast(schema)
    if isinstance(data, pd.DataFrame):
        return pa.Table.from_pandas(data[schema.names], schema=schema, preserve_index=False).replace_schema_metadata()
    return pa.table({column: data[column] for column in schema.names}, schema=schema)


@contextlib.contextmanager
def writer(path: Path, name: str, about: Provenance) -> Iterator[pq.ParquetWriter]:
    """Open table ``name`` for writing block by block (``write_table(as_table(name, block))``); whole or not at all."""
    schema = SCHEMAS[name].with_metadata({METADATA: about.to_json().encode()})
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as parquet:
        yield parquet


def write(path: Path, name: str, data: pd.DataFrame | dict[str, Any] | pa.Table, about: Provenance) -> None:
    """Write one whole table."""
    with writer(path, name, about) as parquet:
        parquet.write_table(as_table(name, data), row_group_size=ROW_GROUP)


def write_array(path: Path, values: "np.ndarray") -> None:
    """Write one .npy file, whole or not at all. (``np.save`` to a file does not say that the disk is full.)"""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, values)
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file"
    return f"{path}: not a Parquet file: {str(error).splitlines()[0]}"


def read_arrow(path: Path, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read table ``name``, all of it or some columns, and check that every column is there with a fitting type."""
    schema = SCHEMAS[name]
    wanted = columns or schema.names
    try:
        found = pq.read_schema(path)
        if missing := [column for column in schema.names if column not in found.names]:
            raise UserError(f"{path}: column '{missing[0]}' is missing; a {name} table has {', '.join(schema.names)}")
        table = pq.read_table(path, columns=wanted)
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise UserError(_unreadable(path, error)) from None
    try:
        return table.select(wanted).cast(pa.schema([schema.field(column) for column in wanted]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: the types of its columns are not those of a {name} table: {reason}") from None


def read(path: Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Read table ``name`` as a pandas frame; see ``read_arrow``."""
    return read_arrow(path, name, columns).to_pandas()
