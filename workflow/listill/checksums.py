"""Checksums of the files that listill writes: damage is noticed before anything is taken from a file.

- A file that is made again when it is missing (a part, a checkpoint) ends with its checksum: ``seal`` and ``usable``.
- A Parquet table has its checksum in its metadata: ``seal_table`` and ``table_is_intact``.
- A folder of a model has a list of checksums: ``write_sums`` and ``damage``.

The first two are CRC-32, as in the pages of Parquet files, which is fast: a tenth of the time in which a table is read.
"""

import logging
import os
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from listill.errors import UserError
from listill.source_files import checksum

# A start other than 0, so that a file of zeros is not intact.
START = zlib.crc32(b"listill")
SIZE, BLOCK = 4, 1 << 20
# The checksum of a table is computed with this text in its place, after its name and two bytes of the format.
KEY, BLANK = b"listill.checksum", b"00000000"
SUMS = "SHA256SUMS"  # in the format of sha256sum
log = logging.getLogger("listill")


def _crc(file: BinaryIO, start: int, end: int, value: int = START) -> int:
    """Return the CRC-32 of a part of a file, which continues that of what comes before (``value``)."""
    file.seek(start)
    while block := file.read(min(BLOCK, end - file.tell())):
        value = zlib.crc32(block, value)
    return value


# --- files that are made again when they are damaged ------------------------------------------------------------------


def seal(path: Path) -> None:
    """Append its checksum to a complete file."""
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        value = _crc(file, 0, size)
        file.write(value.to_bytes(SIZE, "little"))


def usable(path: Path) -> bool:
    """Tell whether a sealed file is there and intact. A damaged one is named in the log and removed."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END) - SIZE
            if size >= 0 and _crc(file, 0, size) == int.from_bytes(file.read(SIZE), "little"):
                return True
    except FileNotFoundError:
        return False
    except OSError:  # a folder, or a file that cannot be read
        pass
    discard(path)
    return False


def discard(path: Path, then: str = "it is made again") -> None:
    """Remove a damaged file, or what is in its place, and say so. Raises UserError if it cannot be removed."""
    log.warning("%s: this file is damaged and is removed; %s", path, then)
    try:
        remove(path)
    except OSError as error:
        raise UserError(f"{path}: is damaged and cannot be removed ({error.strerror}): remove it") from None


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> Path:
    """Make a folder for files that can be made again; what is in its place is named in the log and removed."""
    if path.exists() and not path.is_dir():
        discard(path)
    path.mkdir(parents=True, exist_ok=True)
    return path


# --- tables -----------------------------------------------------------------------------------------------------------


def _place(file: BinaryIO) -> int | None:
    """Return where the checksum of a Parquet file is; None if it has none."""
    tail = file.seek(0, os.SEEK_END) - 8
    file.seek(max(0, tail))
    start = tail - int.from_bytes(file.read(4), "little")
    if start < 0:
        return None
    file.seek(start)
    found = file.read(tail - start).rfind(KEY)
    return None if found < 0 else start + found + len(KEY) + 2


def _table_crc(file: BinaryIO, place: int) -> bytes:
    value = zlib.crc32(BLANK, _crc(file, 0, place))
    return b"%08x" % _crc(file, place + len(BLANK), file.seek(0, os.SEEK_END), value)


def seal_table(path: Path) -> None:
    """Enter the checksum of a complete Parquet file whose metadata have the key ``KEY`` with the value ``BLANK``."""
    with open(path, "r+b") as file:
        place = _place(file)
        assert place is not None
        value = _table_crc(file, place)
        file.seek(place)
        file.write(value)


def table_is_intact(path: Path) -> bool | None:
    """Tell whether a Parquet file has the content that it was written with; None if it has no checksum."""
    with open(path, "rb") as file:
        if (place := _place(file)) is None:
            return None
        file.seek(place)
        return file.read(len(BLANK)) == _table_crc(file, place)


# --- folders of models ------------------------------------------------------------------------------------------------


def files_of(folder: Path) -> list[Path]:
    """Return all files of a folder, besides the list of their checksums."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / SUMS)


def write_sums(folder: Path, files: Iterable[Path]) -> None:
    """Write the list of checksums of these files of a folder."""
    (folder / SUMS).write_text("".join(f"{checksum(path)}  {path.relative_to(folder)}\n" for path in files))


def damage(folder: Path) -> str | None:
    """Return what is wrong with the listed files of a folder, or None if they are as they were written."""
    try:
        lines = (folder / SUMS).read_text().splitlines()
    except FileNotFoundError:
        return f"{SUMS} is missing"
    except (OSError, UnicodeDecodeError):
        return f"{SUMS} has been changed"
    if not lines:
        return f"{SUMS} has been changed"
    for stated, _, name in (line.partition("  ") for line in lines):
        path = folder / name
        if not name or (path.exists() and not path.is_file()):
            return f"{name or SUMS} has been changed"
        if not path.exists():
            return f"{name} is missing"
        if stated != checksum(path):
            return f"{name} has been changed"
    return None
