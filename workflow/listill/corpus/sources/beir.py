"""A BEIR folder: corpus.jsonl, queries.jsonl and qrels/{train,dev,test}.tsv."""

from typing import Literal

from pydantic import Field

from listill.corpus.rows import identifier, read_qrels, read_rows, read_topics, text
from listill.corpus.source import SPLITS, Document, RawCorpus, Source, checksums
from listill.errors import UserError, nearest
from listill.source_files import existing, expand

QRELS_COLUMNS = ("query-id", "corpus-id", "score")


class Beir(Source):
    """A BEIR folder: corpus.jsonl, and where there are topics queries.jsonl and qrels/<split>.tsv."""

    kind: Literal["beir"] = Field(description="a BEIR folder")
    path: str = Field(description="the folder; $VARIABLES are replaced when the stage runs")

    def files(self) -> list[str]:
        """Return the files of the folder that exist."""
        return existing(self.path, ["corpus.jsonl", "queries.jsonl", *(f"qrels/{split}.tsv" for split in SPLITS)])

    def read(self) -> RawCorpus:
        """Read the folder; queries and judgements may be absent.

        Raises UserError for a missing folder or corpus.jsonl, a broken line, a missing id, judgements without queries, and
        judgements of another name than train.tsv, dev.tsv and test.tsv, which would be left out without a word otherwise.
        """
        folder = expand(self.path)
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder: download and unpack the data set, or mend source.path")
        corpus, queries = folder / "corpus.jsonl", folder / "queries.jsonl"
        if not corpus.is_file():
            raise UserError(f"{corpus}: no such file: a BEIR folder has corpus.jsonl; is source.path the right folder?")
        documents = [
            # A title may be left out of a line; the text may be empty, but its key must be there.
            Document(
                identifier(row, "_id", place),
                text(row, "title", place) if "title" in row else None,
                text(row, "text", place),
            )
            for place, row in read_rows(corpus)
        ]
        topics = read_topics(queries, "_id") if queries.is_file() else {}
        qrels = []
        judged = sorted((folder / "qrels").glob("*.tsv"))
        for path in judged:
            if path.stem not in SPLITS:
                raise UserError(
                    f"{path}: unknown split{nearest(path.stem, SPLITS)}: name it train.tsv, dev.tsv or test.tsv"
                )
            if not queries.is_file():
                raise UserError(
                    f"{queries}: no such file, though there are judgements ({path}): add it or remove qrels"
                )
            qrels += read_qrels(path, topics, QRELS_COLUMNS, path.stem)
        used = [corpus, *([queries] if topics else []), *judged]
        return RawCorpus(str(corpus), documents, topics, qrels, {"sha256": checksums(used)})
