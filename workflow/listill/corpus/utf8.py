"""The user's text files, read as UTF-8. Messages name the line, and the encoding that the file seems to have."""

import codecs
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from listill.errors import UserError

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextlib.contextmanager
def reading(path: Path, *, text: bool = True) -> Iterator[None]:
    """Turn what can go wrong while a file is read into a UserError.

    In a ``text`` file, bytes that are not UTF-8 are named with their line.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: not a regular file: give a file, or remove it")
        yield
    except UnicodeDecodeError:
        if not text:
            raise
        raise UserError(_not_utf8(path)) from None
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        raise UserError(f"{path}: cannot be read ({reason}): check the file and its permissions") from None


def read_text(path: Path) -> str:
    """Return the text of a file, without a byte order mark."""
    return "".join(lines(path)).replace("\r\n", "\n").replace("\r", "\n")


def lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file with their ends, without a byte order mark."""
    with reading(path), open(path, encoding="utf-8-sig", newline="") as handle:
        for number, line in enumerate(handle, 1):
            if "\0" in line:
                raise UserError(
                    f"{path}:{number}: has a NUL byte: this is no UTF-8 text (it may be UTF-16): convert the file"
                )
            yield line


def name_as_utf8(path: Path) -> str:
    """Return a path, in which bytes that are not UTF-8 are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _not_utf8(path: Path) -> str:
    with open(path, "rb") as handle:
        if handle.read(2) in UTF16:
            return f"{path}: UTF-16, not UTF-8: convert it, for example with iconv -f utf-16 -t utf-8"
        handle.seek(0)
        for number, line in enumerate(handle, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                return (
                    f"{path}:{number}: not UTF-8 (byte 0x{byte:02x}): convert the file, "
                    "for example with iconv -f latin1 -t utf-8"
                )
    return f"{path}: not UTF-8: convert it, for example with iconv -f latin1 -t utf-8"
