"""A toy source: every line of a text file is a document."""

from typing import Literal

from pydantic import Field

from listill.corpus.source import Document, RawCorpus, Source, checksums
from listill.source_files import existing, expand


class Lines(Source):
    """A text file, one document per line."""

    kind: Literal["lines"] = Field(description="a text file, one document per line")
    path: str = Field(description="the file")

    def files(self) -> list[str]:
        """Return the file, if it exists."""
        return existing(self.path)

    def read(self) -> RawCorpus:
        """Read the lines; there are no human topics."""
        path = expand(self.path)
        lines = path.read_text(encoding="utf-8").splitlines()
        documents = [Document(f"line{number}", None, line) for number, line in enumerate(lines, 1)]
        return RawCorpus(str(path), documents, details={"sha256": checksums([path])})
