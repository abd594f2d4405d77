"""The base of sources."""

import hashlib
from pathlib import Path

import pytest

from listill.corpus.source import RawCorpus, Source, checksums


class Bare(Source):
    """A source that says nothing of its files and splits."""

    kind: str = "bare"

    def read(self) -> RawCorpus:
        return RawCorpus("bare", [])


def test_what_a_source_has_without_saying_so() -> None:
    assert Bare().files() == []
    with pytest.raises(NotImplementedError, match="source Bare gives judgements without a split, but no split_shares"):
        Bare().split_shares()
    with pytest.raises(NotImplementedError):
        Source(kind="none").read()


def test_checksums(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert checksums([tmp_path / "a"]) == {str(tmp_path / "a"): hashlib.sha256(b"abc").hexdigest()}
