"""Parquet tables: their metadata, atomic writing and checked reading. Their columns are defined in ``schemas``.

The metadata of a file describe what it is and what it was made from: its ``corpus``, its ``key`` (``corpus``,
``lists/minilm``), its ``fingerprint`` (of the settings of the stage and of all inputs) and its ``lineage``, which holds
the fingerprints of all files that it was derived from, by corpus and key (``scifact/lists/minilm``). A stage only
combines files whose lineages agree.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from listill import shortage
from listill.errors import UserError
from listill.schemas import SCHEMAS, TABLES

if TYPE_CHECKING:
    import numpy as np

METADATA = b"listill"
ROW_GROUP = 65_536

# What a stage has to say before a file gets its name: see ``checked``.
_before_rename: list[Callable[[Path], None]] = []


@dataclass(frozen=True)
class Provenance:
    """What a file is and what it was made from."""

    key: str
    fingerprint: str
    lineage: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    corpus: str | None = None  # None for an external file

    @property
    def name(self) -> str:
        """The name of the file in lineages, which is unique across corpora."""
        return f"{self.corpus}/{self.key}" if self.corpus else self.key

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def digest(text: str) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _metadata(path: Path) -> Provenance | None:
    """Return the provenance in the metadata of ``path``; None for an external file or folder."""
    if path.is_dir():
        metadata_file = path / "listill.json"
        return Provenance(**json.loads(metadata_file.read_text())) if metadata_file.exists() else None
    try:
        metadata = pq.read_schema(path).metadata if path.suffix == ".parquet" else None
    except (pa.ArrowInvalid, FileNotFoundError) as error:
        raise UserError(_unreadable(path, error)) from None
    return Provenance(**json.loads(metadata[METADATA])) if metadata and METADATA in metadata else None


def stated_fingerprint(path: Path) -> str | None:
    """Return the fingerprint in the metadata of ``path``; None for an external file, which is not read."""
    about = _metadata(path)
    return about.fingerprint if about else None


def provenance(path: Path) -> Provenance:
    """Return the provenance of ``path`` (a Parquet file, or a model folder with listill.json).

    An external file has no metadata: its fingerprint is the digest of its content, its key is its name, and it has no
    lineage.
    """
    path = Path(path)
    return _metadata(path) or _external(path, sorted(path.rglob("*")) if path.is_dir() else [path])


def _external(path: Path, files: list[Path]) -> Provenance:
    sha = hashlib.sha256()
    for file in files:
        if file.is_file():
            with open(file, "rb") as handle:
                while block := handle.read(1 << 20):
                    sha.update(block)
    return Provenance(path.stem, sha.hexdigest()[:16], {}, {"foreign": True})


def merge_lineages(inputs: list[Path]) -> dict[str, str]:
    """Return the fingerprints of the inputs and of all files that they were derived from.

    Raises UserError if two inputs were derived from different versions of a file, because they cannot be combined.
    """
    merged: dict[str, tuple[str, Path]] = {}
    for path in inputs:
        about = provenance(path)
        own_entry = {about.name: about.fingerprint}
        if about.details.get("foreign") and about.name in merged:
            own_entry = {}
        for key, fingerprint in {**about.lineage, **own_entry}.items():
            other_fingerprint, other_path = merged.setdefault(key, (fingerprint, path))
            if other_fingerprint != fingerprint:
                raise UserError(
                    f"{path}: does not belong with {other_path}: they were made from different versions of {key} "
                    f"({fingerprint} and {other_fingerprint}); make the older file again"
                )
    return {key: fingerprint for key, (fingerprint, _) in sorted(merged.items())}


def common_corpus(inputs: list[Path]) -> str | None:
    """Return the name of the corpus of the inputs; None if all inputs are external files.

    Raises UserError if the inputs belong to different corpora.
    """
    first: tuple[str, Path] | None = None
    for path in inputs:
        about = _metadata(path)  # faster than provenance(), which reads external files completely
        corpus = about.corpus if about else None
        if corpus is None:
            continue
        if first is not None and first[0] != corpus:
            raise UserError(
                f"{path}: is of the corpus '{corpus}', but {first[1]} of '{first[0]}': give files of one corpus"
            )
        first = corpus, path
    return first[0] if first else None


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clear(path: Path) -> None:
    """Remove the temporary files or folders for ``path`` that killed processes have left behind."""
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        if not _alive(int(temporary.suffixes[-2][1:])):
            shutil.rmtree(temporary) if temporary.is_dir() else temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def checked(check: Callable[[Path], None]) -> Iterator[None]:
    """Call ``check`` with the path of every complete file before it gets its name, which an exception prevents."""
    _before_rename.append(check)
    try:
        yield
    finally:
        _before_rename.remove(check)


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``, for a file or a folder.

    On success it is synced and renamed to ``path``; an older folder of this name is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        for file in [temporary, *temporary.rglob("*")]:
            if file.is_file():
                with open(file, "rb") as handle:
                    os.fsync(handle.fileno())
        for check in _before_rename:
            check(path)
        if path.is_dir():
            if not temporary.is_dir():
                raise UserError(f"{path}: is a folder, where a file is to be written: remove it and run again")
            shutil.rmtree(path)
        os.replace(temporary, path)
    except UserError:
        raise
    except Exception as error:
        if unwritable := shortage.unwritable(path, temporary, error):
            raise unwritable from error
        raise
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        temporary.unlink(missing_ok=True)


def as_table(name: str, data: pd.DataFrame | dict[str, Any] | pa.Table) -> pa.Table:
    """Return ``data`` as an Arrow table with the columns and types of the table ``name``."""
    schema = SCHEMAS[name]
    if isinstance(data, pa.Table):
        return data.select(schema.names).cast(schema)
    if isinstance(data, pd.DataFrame):
        return pa.Table.from_pandas(data[schema.names], schema=schema, preserve_index=False).replace_schema_metadata()
    return pa.table({column: data[column] for column in schema.names}, schema=schema)


@contextlib.contextmanager
def writer(path: Path, name: str, about: Provenance) -> Iterator[pq.ParquetWriter]:
    """Open table ``name`` for atomic writing in blocks (``write_table(as_table(name, block))``)."""
    schema = SCHEMAS[name].with_metadata({METADATA: about.to_json().encode()})
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as parquet:
        yield parquet


def write(path: Path, name: str, data: pd.DataFrame | dict[str, Any] | pa.Table, about: Provenance) -> None:
    """Write a complete table."""
    with writer(path, name, about) as parquet:
        parquet.write_table(as_table(name, data), row_group_size=ROW_GROUP)


def write_array(path: Path, values: "np.ndarray") -> None:
    """Write a .npy file atomically (``np.save`` to a file does not report a full disk)."""
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
    """Read table ``name`` or some of its columns; check that all columns exist and that their types fit.

    An optional column that the file lacks is null in all rows.
    """
    schema = SCHEMAS[name]
    selected = columns or schema.names
    try:
        present = pq.read_schema(path).names
        required = [column for column in schema.names if column not in TABLES[name].optional]
        if missing := [column for column in required if column not in present]:
            raise UserError(
                f"{path}: column '{missing[0]}' is missing; a {name} table has the columns {', '.join(required)}"
            )
        table = pq.read_table(path, columns=[column for column in selected if column in present])
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise UserError(_unreadable(path, error)) from None
    for column in selected:
        if column not in present:
            table = table.append_column(column, pa.nulls(len(table), schema.field(column).type))
    try:
        return table.select(selected).cast(pa.schema([schema.field(column) for column in selected]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: column types differ from those of a {name} table: {reason}") from None


def read(path: Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Read table ``name`` as a pandas DataFrame; see ``read_arrow``."""
    return read_arrow(path, name, columns).to_pandas()
