"""The base class of sources."""

import hashlib
from pathlib import Path

import pytest

from listill.corpus.source import Document, RawCorpus, Source, checksums, read_unchanged
from listill.errors import UserError


class Bare(Source):
    """A source that does not override files and split_shares."""

    kind: str = "bare"

    def read(self) -> RawCorpus:
        return RawCorpus("bare", [])


def test_defaults_of_the_base_class() -> None:
    assert Bare().files() == []
    with pytest.raises(NotImplementedError, match="source Bare has judgements without a split: implement split_shares"):
        Bare().split_shares()
    with pytest.raises(NotImplementedError):
        Source(kind="none").read()


class Written(Bare):
    """A source whose file is written while it is read, or not."""

    path: str
    late: str | None = None

    def files(self) -> list[str]:
        return [self.path]

    def read(self) -> RawCorpus:
        file = Path(self.path)
        text = file.read_text()
        if self.late is not None:
            file.write_text(self.late)
        return RawCorpus(self.path, [Document("a", None, text)])


def test_files_that_change_while_they_are_read(tmp_path: Path) -> None:
    """Else the tables would be of the first state, or of both, and the checksum of the second."""
    (tmp_path / "a").write_text("one")
    path = str(tmp_path / "a")
    assert read_unchanged(Written(path=path)).documents == [("a", None, "one")]
    assert read_unchanged(Written(path=path, late="one")).documents == [("a", None, "one")]
    with pytest.raises(
        UserError, match="a: its files were changed while they were read: run again when they are complete"
    ):
        read_unchanged(Written(path=path, late="two"))


def test_checksums(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert checksums([tmp_path / "a"]) == {str(tmp_path / "a"): hashlib.sha256(b"abc").hexdigest()}
