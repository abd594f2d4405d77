"""The user's own files: a table of documents, or a folder of .txt and .md files."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field

from listill.corpus.rows import SUFFIXES, read_documents, read_qrels, read_topics
from listill.corpus.source import Document, RawCorpus, Source, checksums
from listill.errors import UserError
from listill.source_files import existing, expand

HEADING = re.compile(r"#\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"\s*(```|~~~)")


class Files(Source):
    """Your own files: JSONL, CSV, TSV or Parquet with a column mapping, or a folder of .txt and .md files."""

    kind: Literal["files"] = Field(description="your own files")
    path: str = Field(
        description="a file, or a folder of .txt and .md files (id: path in the folder, title: file name)"
    )
    doc_id: str = Field("doc_id", description="column with the document id")
    title: str | None = Field(None, description="column with the title, if there is one")
    text: str = Field("text", description="column with the text")
    topics: str | None = Field(None, description="file of human queries with the columns query_id and text")
    qrels: str | None = Field(
        None,
        description="file of judgements with the columns query_id, doc_id and relevance, and optionally split "
        "(default: test)",
    )

    def files(self) -> list[str]:
        """Return the existing input files."""
        return [file for path in (self.path, self.topics, self.qrels) if path for file in existing(path)]

    def read(self) -> RawCorpus:
        """Read the documents and, if given, topics with judgements.

        Raises UserError for missing files and columns, invalid lines (with file and line), and judgements without
        topics.
        """
        path = expand(self.path)
        if path.is_dir():
            documents = read_folder(path)
        elif path.exists():
            documents = read_documents(path, self.doc_id, self.title, self.text)
        else:
            raise UserError(f"{path}: no such file or folder: correct source.path")
        if bool(self.topics) != bool(self.qrels):
            given, missing = ("topics", "qrels") if self.topics else ("qrels", "topics")
            raise UserError(
                f"{getattr(self, given)}: source.{given} is set without source.{missing}: set both or neither"
            )
        topics, qrels, input_files = {}, [], [] if path.is_dir() else [path]
        if self.topics and self.qrels:
            topics_path, qrels_path = expand(self.topics), expand(self.qrels)
            input_files += [topics_path, qrels_path]
            topics = read_topics(topics_path)
            qrels = read_qrels(qrels_path, topics, ("query_id", "doc_id", "relevance"))
        return RawCorpus(str(path), documents, topics, qrels, {"sha256": checksums(input_files)})


def read_folder(folder: Path) -> list[Document]:
    """Read all .txt and .md files below ``folder`` except hidden ones; the id is the path in the folder."""
    relative = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix in (".txt", ".md"))
    paths = sorted(path for path in relative if not any(part.startswith(".") for part in path.parts))
    if not paths:
        raise UserError(
            f"{folder}: no .txt or .md files in this folder; to read a table, give the file ({', '.join(SUFFIXES)})"
        )
    return [_document(folder, path) for path in paths]


def _document(folder: Path, path: Path) -> Document:
    try:
        content = (folder / path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{folder / path}: not UTF-8: convert it, for example with iconv -t utf-8") from None
    title, text = _heading(content) if path.suffix == ".md" else (None, content)
    return Document(path.as_posix(), title or path.stem, text.strip())


def _heading(markdown: str) -> tuple[str | None, str]:
    """Return the first top-level heading and the text without it; a ``#`` in a code block is not a heading."""
    lines = markdown.splitlines()
    fenced = False
    for i, line in enumerate(lines):
        fenced ^= bool(FENCE.match(line))
        if not fenced and (heading := HEADING.match(line)) and heading[1]:
            return heading[1], "\n".join(lines[:i] + lines[i + 1 :])
    return None, markdown
