"""Text files as UTF-8, and what is said about other encodings."""

import os
from pathlib import Path

import pytest

from listill.corpus.utf8 import lines, name_as_utf8, read_text
from listill.errors import UserError


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfone\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("naïve 😀".encode(), "naïve 😀"),
        (b"", ""),
    ],
)
def test_text_without_byte_order_mark_and_with_plain_line_ends(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    assert read_text(tmp_path / "x.txt") == text
    assert "".join(lines(tmp_path / "x.txt")).replace("\r\n", "\n").replace("\r", "\n") == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\ntwo\nna\xefve\n", r":3: not UTF-8 \(byte 0xef\): convert the file, for example with iconv -f latin1"),
        ("one".encode("utf-16"), ": UTF-16, not UTF-8: convert it, for example with iconv -f utf-16"),
        (b"one\nt\0w\0o\n", ":2: has a NUL byte"),
    ],
)
def test_other_encodings_are_named_with_the_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path}{message}"):
        read_text(path)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"^{tmp_path}: not a regular file"):
        read_text(tmp_path)


def test_names_that_are_not_utf8_are_escaped() -> None:
    assert name_as_utf8(Path(os.fsdecode(b"caf\xe9.txt"))) == "caf\\xe9.txt"
    assert name_as_utf8(Path("café.txt")) == "café.txt"
