"""The user's own files: a table of documents, or a folder of .txt and .md files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from listill.contents import contents
from listill.corpus import markdown
from listill.corpus.folder import log_left_out, text_files
from listill.corpus.rows import SUFFIXES, read_documents, read_qrels, read_topics
from listill.corpus.source import Document, RawCorpus, Source, checksums
from listill.corpus.utf8 import name_as_utf8, read_text
from listill.errors import UserError
from listill.section import Count, Text
from listill.source_files import existing, expand


class Files(Source):
    """Your own files: JSONL, CSV, TSV or Parquet with a column mapping, or a folder of .txt and .md files."""

    kind: Literal["files"] = Field(description="your own files")
    path: Text = Field(
        description="a file, or a folder of .txt and .md files (id: path in the folder; title: file name, for .md the "
        "title in the front matter or the first heading)"
    )
    doc_id: str = Field("doc_id", description="column with the document id")
    title: str | None = Field(None, description="column with the title, if there is one")
    text: str = Field("text", description="column with the text")
    chunk: Count | None = Field(
        None,
        description="a .md file with more characters than this is split at its headings, into parts of at most this size "
        "where the headings allow it; default: no file is split",
    )
    topics: str | None = Field(None, description="file of human queries with the columns query_id and text")
    qrels: str | None = Field(
        None,
        description="file of judgements with the columns query_id, doc_id and relevance, and optionally split "
        "(default: test)",
    )

    def files(self) -> list[str]:
        """Return the files that it reads, or none if one is missing; for a folder, the folder and its files."""
        named = [file for path in (self.path, self.topics, self.qrels) if path for file in existing(path)]
        if not named or len(named) < 1 + bool(self.topics) + bool(self.qrels):
            return []
        if not Path(named[0]).is_dir():
            return named
        try:
            inside = folder_files(Path(named[0]))
        except UserError:  # a folder that cannot be read; reading the corpus says why
            return []
        return [*inside, *named[1:]] if len(inside) > 1 else []

    def read(self) -> RawCorpus:
        """Read the documents and, if given, topics with judgements.

        Raises UserError for missing files and columns, invalid lines (with file and line), and judgements without
        topics.
        """
        from listill.corpus.documents import Documents

        path = expand(self.path)
        if path.is_dir():
            documents = Documents.of(read_folder(path, self.chunk))
        elif path.exists():
            documents = Documents.of(read_documents(path, self.doc_id, self.title, self.text))
        else:
            raise UserError(f"{path}: no such file or folder: correct source.path")
        if bool(self.topics) != bool(self.qrels):
            given, missing = ("topics", "qrels") if self.topics else ("qrels", "topics")
            raise UserError(
                f"{getattr(self, given)}: source.{given} is set without source.{missing}: set both or neither"
            )
        topics, qrels = {}, []
        sha256 = {str(path): contents(folder_files(path))} if path.is_dir() else checksums([path])
        if self.topics and self.qrels:
            topics_path, qrels_path = expand(self.topics), expand(self.qrels)
            topics = read_topics(topics_path)
            qrels = read_qrels(qrels_path, topics, ("query_id", "doc_id", "relevance"))
            sha256 |= checksums([topics_path, qrels_path])
        return RawCorpus(str(path), documents, topics, qrels, {"sha256": sha256})


def folder_files(folder: Path) -> list[str]:
    """Return the folder and the files in it that are documents (see ``contents``)."""
    return [str(folder), *(str(folder / path) for path in text_files(folder))]


def read_folder(folder: Path, chunk: int | None = None) -> Iterator[Document]:
    """Yield the documents of all .txt and .md files below ``folder`` except hidden ones; the id is the path in the folder."""
    paths = text_files(folder)
    if not paths:
        raise UserError(
            f"{folder}: no .txt or .md files in this folder; to read a table, give the file ({', '.join(SUFFIXES)})"
        )
    log_left_out(folder)
    for path in paths:
        yield from _documents(folder, path, chunk)


def _documents(folder: Path, path: Path, chunk: int | None) -> list[Document]:
    file = folder / path
    if not file.exists():
        raise UserError(f"{file}: a link to a file that does not exist: restore the file or remove the link")
    if name_as_utf8(path) != (doc_id := path.as_posix()):
        raise UserError(
            f"{name_as_utf8(file)}: the name is not UTF-8: rename the file or folder, for example with convmv"
        )
    if path.suffix.lower() == ".md":
        return markdown.documents(read_text(file), doc_id, path.stem, chunk)
    return [Document(doc_id, path.stem, read_text(file).strip())]
