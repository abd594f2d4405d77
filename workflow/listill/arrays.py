"""NumPy arrays in files with a checksum: finished parts, and matrices that are mapped instead of read.

They are files that can be made again (see ``checksums``), and are written whole or not at all.
"""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from listill import checksums, tables


def write(path: Path, values: np.ndarray) -> None:
    """Write an array (``np.save`` to a file does not report a full disk)."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    with tables.atomic(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())
        checksums.seal(temporary)


def write_rows(path: Path, shape: tuple[int, int], parts: Iterable[np.ndarray]) -> None:
    """Write a float32 matrix of this shape, of which one part of the rows is in memory at a time."""
    with tables.atomic(path) as temporary:
        with open(temporary, "wb") as file:
            np.lib.format.write_array_header_2_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
            for part in parts:
                file.write(np.ascontiguousarray(part, "<f4").data)
        checksums.seal(temporary)


def mapped(path: Path) -> np.ndarray:
    """Return an array whose pages are read when they are used; all processes of a machine share them."""
    # Copy on write: some readers want an array that could be written (torch), and nothing changes the file.
    return np.load(path, mmap_mode="c")
