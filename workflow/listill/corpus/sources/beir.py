"""A BEIR folder: corpus.jsonl, queries.jsonl and qrels/{train,dev,test}.tsv."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from listill.corpus.rows import identifier, read_qrels, read_rows, read_topics, text
from listill.corpus.source import SPLITS, Document, RawCorpus, Source, checksums
from listill.errors import UserError, nearest
from listill.section import Text
from listill.source_files import existing, expand

QRELS_COLUMNS = ("query-id", "corpus-id", "score")


class Beir(Source):
    """A BEIR folder: corpus.jsonl and, if there are topics, queries.jsonl and qrels/<split>.tsv."""

    kind: Literal["beir"] = Field(description="a BEIR folder")
    path: Text = Field(description="the folder; $VARIABLES are expanded when the stage runs")

    def files(self) -> list[str]:
        """Return the files of the folder, or none if it has no corpus.jsonl."""
        if not existing(self.path, ["corpus.jsonl"]):
            return []
        return existing(self.path, ["corpus.jsonl", "queries.jsonl", *(f"qrels/{split}.tsv" for split in SPLITS)])

    def read(self) -> RawCorpus:
        """Read the folder; queries and judgements are optional.

        Raises UserError for a missing folder or corpus.jsonl, an invalid line, a missing id, judgements without
        queries, and judgement files other than train.tsv, dev.tsv and test.tsv, which would otherwise be ignored
        silently.
        """
        from listill.corpus.documents import Documents

        folder = expand(self.path)
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder: download and unpack the data set, or correct source.path")
        corpus, queries = folder / "corpus.jsonl", folder / "queries.jsonl"
        if not corpus.is_file():
            raise UserError(f"{corpus}: no such file: a BEIR folder contains corpus.jsonl; check source.path")
        documents = Documents.of(_documents(corpus))
        topics = read_topics(queries, "_id") if queries.is_file() else {}
        qrels = []
        if os.path.lexists(folder / "qrels") and not (folder / "qrels").is_dir():
            raise UserError(
                f"{folder / 'qrels'}: not a folder: a BEIR folder contains qrels/test.tsv; remove or restore it"
            )
        # A Mac adds hidden files such as ._test.tsv to archives.
        qrels_files = sorted(path for path in (folder / "qrels").glob("*.tsv") if not path.name.startswith("."))
        for path in qrels_files:
            if path.stem not in SPLITS:
                raise UserError(
                    f"{path}: unknown split{nearest(path.stem, SPLITS)}: rename it to train.tsv, dev.tsv or test.tsv"
                )
            if not queries.is_file():
                raise UserError(
                    f"{queries}: no such file, but there are judgements ({path}): add it or remove the qrels folder"
                )
            qrels += read_qrels(path, topics, QRELS_COLUMNS, path.stem)
        input_files = [corpus, *([queries] if topics else []), *qrels_files]
        return RawCorpus(str(corpus), documents, topics, qrels, {"sha256": checksums(input_files)})


def _documents(corpus: Path) -> Iterator[Document]:
    """Yield the documents; the title is optional, and the text may be empty, but its key is required."""
    for place, row in read_rows(corpus):
        doc_id, title = identifier(row, "_id", place), text(row, "title", place) if "title" in row else None
        yield Document(doc_id, title, text(row, "text", place))
