"""The base class of sources."""

import hashlib
from pathlib import Path

import pytest

from listill.corpus.source import RawCorpus, Source, checksums


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


def test_checksums(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert checksums([tmp_path / "a"]) == {str(tmp_path / "a"): hashlib.sha256(b"abc").hexdigest()}
