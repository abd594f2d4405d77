"""Parquet tables: their metadata, atomic writing and checked reading. Their columns are defined in ``schemas``.

A table has a checksum of the whole file (see ``checksums``), and one of each page, which other tools can verify.

The metadata of a file describe what it is and what it was made from: its ``corpus``, its ``key`` (``corpus``,
``lists/minilm``), its ``fingerprint`` (of the settings of the stage and of all inputs) and its ``lineage``, which holds
the fingerprints of all files that it was derived from, by corpus and key (``scifact/lists/minilm``). A stage only
combines files whose lineages agree.
"""

import contextlib
import functools
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listill import checksums, locks, shortage
from listill.errors import UserError
from listill.schemas import SCHEMAS, TABLES

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
    if path.suffix == ".parquet":
        text = (_schema(path).metadata or {}).get(METADATA)
    else:
        metadata_file = path / "listill.json"
        text = metadata_file.read_bytes() if path.is_dir() and metadata_file.is_file() else None
    return None if text is None else _parsed(path, text)


def _parsed(path: Path, text: bytes) -> Provenance:
    try:
        about = Provenance(**json.loads(text))
    except (ValueError, TypeError):
        about = None
    if about is None or not isinstance(about.lineage, dict) or not isinstance(about.details, dict):
        raise UserError(f"{path}: its metadata `listill` are not those of this program: {_fix(path)}")
    return about


def details(path: Path) -> dict[str, Any]:
    """Return the ``details`` in the metadata of ``path``; none for an external file, which is not read completely."""
    about = _metadata(path)
    return about.details if about else {}


def content_id(path: Path) -> str:
    """Return what identifies the content of a Parquet file: its checksum, or the digest of a file without one."""
    checksum = (_schema(path).metadata or {}).get(checksums.KEY)
    return checksum.decode() if checksum else _external(path, [path]).fingerprint


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


def clear(path: Path) -> None:
    """Remove the temporary files or folders for ``path`` that killed processes have left behind."""
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        if not locks.alive(int(temporary.suffixes[-2][1:])):
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

    On success it is synced and renamed to ``path``; an older folder of this name is removed. The files of a folder are
    readable by all who may read the folder.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        readable = temporary.stat().st_mode & 0o666 if temporary.is_dir() else None
        for file in [temporary, *temporary.rglob("*")]:
            if file.is_file():
                if readable is not None:  # safetensors gives only the owner access to weights
                    file.chmod(readable)
                with open(file, "rb") as handle:
                    os.fsync(handle.fileno())
        for check in _before_rename:
            check(path)
        if temporary.is_dir():
            checksums.remove(path)
        elif path.is_dir():
            raise UserError(f"{path}: is a folder, where a file is to be written: remove it and run again")
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


def empty(name: str, columns: list[str] | None = None) -> pa.Table:
    """Return table ``name``, or some of its columns, without rows."""
    return SCHEMAS[name].empty_table().select(columns or SCHEMAS[name].names)


def as_table(name: str, data: pd.DataFrame | dict[str, Any] | pa.Table) -> pa.Table:
    """Return ``data`` as an Arrow table with the columns and types of the table ``name``.

    Raises UserError if a number is not finite.
    """
    schema = SCHEMAS[name]
    if isinstance(data, pa.Table):
        table = data.select(schema.names).cast(schema)
    elif isinstance(data, pd.DataFrame):
        table = pa.Table.from_pandas(data[schema.names], schema=schema, preserve_index=False).replace_schema_metadata()
    else:
        table = pa.table({column: data[column] for column in schema.names}, schema=schema)
    if fault := not_finite(table, name):
        raise UserError(
            f"the new table {name}: {fault}: a model that it is made with is broken, or try precision: fp32"
        )
    return table


def not_finite(table: pa.Table, name: str) -> str | None:
    """Return which number of table ``name`` is NaN, infinite, or null where it must not be; None if there is none."""
    for column in table.schema:
        nested = pa.types.is_list(column.type)
        if not pa.types.is_floating(column.type.value_type if nested else column.type):
            continue
        for chunk in table[column.name].chunks:
            numbers = chunk.flatten() if nested else chunk
            finite = pc.is_finite(numbers)  # null for null
            nulls = numbers.null_count and column.name in TABLES[name].numbers
            if nulls or not pc.all(finite, min_count=0).as_py():
                value = numbers[pc.index(finite.fill_null(not nulls), False).as_py()]
                return f"column '{column.name}' has the value {value.as_py()}"
    return None


@contextlib.contextmanager
def writer(path: Path, name: str, about: Provenance) -> Iterator[pq.ParquetWriter]:
    """Open table ``name`` for atomic writing in blocks (``write_table(as_table(name, block))``)."""
    schema = SCHEMAS[name].with_metadata({METADATA: about.to_json().encode()})
    with atomic(path) as temporary:
        with pq.ParquetWriter(temporary, schema, compression="zstd", write_page_checksum=True) as parquet:
            yield parquet
            parquet.add_key_value_metadata({checksums.KEY: checksums.BLANK})
        checksums.seal_table(temporary)


def write(path: Path, name: str, data: pd.DataFrame | dict[str, Any] | pa.Table, about: Provenance) -> None:
    """Write a complete table."""
    with writer(path, name, about) as parquet:
        for part in _parts(data):
            parquet.write_table(as_table(name, part), row_group_size=ROW_GROUP)


def _parts(data: pd.DataFrame | dict[str, Any] | pa.Table) -> Iterator[pd.DataFrame | dict[str, Any] | pa.Table]:
    """Yield the rows of a table row group by row group, so that only one of them is held twice; a dict is one part.

    With 32-bit offsets, a column of the schema cannot hold more than 2 GB of texts at a time, either.
    """
    if isinstance(data, dict):
        yield data
        return
    for start in range(0, max(1, len(data)), ROW_GROUP):
        part = slice(start, start + ROW_GROUP)
        yield data.iloc[part] if isinstance(data, pd.DataFrame) else data[part]


def _fix(path: Path) -> str:
    return "delete the folder and run again" if path.is_dir() else "delete the file and run again, or replace it"


def _unreadable(path: Path, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path}: no such file")
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return UserError(f"{path}: not a Parquet file, or damaged: {reason}: {_fix(path)}")


# What pyarrow raises for damaged files. OSError and ValueError are the bases of others.
FAULTS = (OSError, ValueError, pa.ArrowException, OverflowError)


def _schema(path: Path) -> pa.Schema:
    """Return the schema of a Parquet file; UserError if it cannot be read, or is not as it was written."""
    if path.is_dir():
        raise UserError(f"{path}: is a folder, not a Parquet file: remove it and run again")
    try:
        if _intact(path) is False:
            raise UserError(f"{path}: is damaged (its checksum differs): {_fix(path)}")
        schema = pq.read_schema(path)
        _ = schema.names  # fails if they are not UTF-8
        return schema
    except FAULTS as error:
        raise _unreadable(path, error) from None


def _intact(path: Path) -> bool | None:
    """Tell whether a file has the content that it was written with; computed once, unless the file changes."""
    state = path.stat()
    return _intact_once(path, (state.st_ino, state.st_size, state.st_mtime_ns))


@functools.lru_cache(maxsize=1024)
def _intact_once(path: Path, state: tuple[int, ...]) -> bool | None:
    return checksums.table_is_intact(path)


def read_arrow(path: Path, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read table ``name`` or some of its columns; check that all columns exist and that their types fit.

    An optional column that the file lacks is null in all rows. Raises UserError if the file is damaged, is another
    table, or has a number that is not finite.
    """
    path = Path(path)
    selected, present = _columns(path, name, columns)
    try:
        table = pq.read_table(path, columns=present, page_checksum_verification=True)
    except FAULTS as error:
        raise _unreadable(path, error) from None
    return _as_stated(path, name, table, selected)


def read_groups(
    path: Path, name: str, columns: list[str] | None = None, groups: Sequence[int] | None = None
) -> Iterator[pa.Table]:
    """Yield the row groups of table ``name``, or some of its columns and ``groups``, one at a time; see ``read_arrow``."""
    path = Path(path)
    selected, present = _columns(path, name, columns)
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(pq.ParquetFile(path, page_checksum_verification=True))
        except FAULTS as error:
            raise _unreadable(path, error) from None
        for group in range(file.num_row_groups) if groups is None else groups:
            try:
                table = file.read_row_group(group, columns=present)
            except FAULTS as error:
                raise _unreadable(path, error) from None
            yield _as_stated(path, name, table, selected)


def _columns(path: Path, name: str, columns: list[str] | None) -> tuple[list[str], list[str]]:
    """Return the columns to read, and those of them that the file has; UserError if one is missing."""
    schema = SCHEMAS[name]
    selected = columns or schema.names
    present = _schema(path).names
    required = [column for column in schema.names if column not in TABLES[name].optional]
    if missing := [column for column in required if column not in present]:
        raise UserError(
            f"{path}: column '{missing[0]}' is missing; a {name} table has the columns {', '.join(required)}"
        )
    return selected, [column for column in selected if column in present]


def _as_stated(path: Path, name: str, table: pa.Table, selected: list[str]) -> pa.Table:
    """Return what was read with the types of table ``name``; UserError if they do not fit, or for a wrong number."""
    schema = SCHEMAS[name]
    try:
        if not _intact(path):  # a file of another tool may have no checksums
            table.validate(full=True)
    except FAULTS as error:
        raise _unreadable(path, error) from None
    for column in selected:
        if column not in table.column_names:
            table = table.append_column(column, pa.nulls(len(table), schema.field(column).type))
    try:
        table = table.select(selected).cast(pa.schema([schema.field(column) for column in selected]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: column types differ from those of a {name} table: {reason}") from None
    if fault := not_finite(table, name):
        raise UserError(f"{path}: {fault}: {_fix(path)}")
    return table


def read(path: Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Read table ``name`` as a pandas DataFrame; see ``read_arrow``."""
    return read_arrow(path, name, columns).to_pandas()
