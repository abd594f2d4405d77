"""The documents of a source as columns, which are packed while the documents are read."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import overload

import pyarrow as pa

from listill.corpus.source import Document
from listill.corpus.whole_characters import WholeCharacters
from listill.strings import BLOCK, Strings


class Documents(Sequence[Document]):
    """Documents in the order of their source, as columns without half characters.

    ``titles`` is an Arrow array of large_string, with null for a missing title. ``whole`` knows how many texts and ids
    had half characters.
    """

    def __init__(self, doc_ids: Strings, titles: pa.Array, texts: Strings, whole: WholeCharacters) -> None:
        self.doc_ids = doc_ids
        self.titles = titles
        self.texts = texts
        self.whole = whole

    @classmethod
    def of(cls, documents: Iterable[Document]) -> "Documents":
        """Return the documents as columns; only a block of them are held as Python strings at a time."""
        if isinstance(documents, Documents):
            return documents
        whole, rows = WholeCharacters(), iter(documents)
        chunks: list[list[pa.Array]] = [[], [], []]
        while block := list(islice(rows, BLOCK)):
            for column, chunk in zip(chunks, _packed(block, whole), strict=True):
                column.append(chunk)
        doc_ids, titles, texts = (
            pa.chunked_array(chunks.pop(0), pa.large_string()).combine_chunks() for _ in range(len(chunks))
        )
        return cls(Strings(doc_ids), titles, Strings(texts), whole)

    def __len__(self) -> int:
        return len(self.doc_ids)

    @overload
    def __getitem__(self, i: int) -> Document: ...

    @overload
    def __getitem__(self, i: slice) -> "Documents": ...

    def __getitem__(self, i: int | slice) -> "Document | Documents":
        if isinstance(i, slice):
            return Documents(self.doc_ids[i], self.titles[i], self.texts[i], self.whole)
        return Document(self.doc_ids[i], self.titles[i].as_py(), self.texts[i])

    def __iter__(self) -> Iterator[Document]:
        for start in range(0, len(self), BLOCK):
            part = slice(start, start + BLOCK)
            columns = self.doc_ids.column[part], self.titles[part], self.texts.column[part]
            yield from map(Document, *(column.to_pylist() for column in columns))

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence of documents."""
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(ours == theirs for ours, theirs in zip(self, other, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]


def _packed(block: list[Document], whole: WholeCharacters) -> list[pa.Array]:
    """Return the columns of documents, without half characters."""
    try:
        return _columns(block)
    except UnicodeEncodeError:
        return _columns(
            [
                Document(whole(name), title if title is None else whole(title), whole(text))
                for name, title, text in block
            ]
        )


def _columns(block: list[Document]) -> list[pa.Array]:
    doc_ids, titles, texts = (pa.array(column, pa.large_string()) for column in zip(*block, strict=True))
    if doc_ids.null_count or texts.null_count:
        raise TypeError(
            "a document of the source has no doc_id or no text: both must be strings; only a title may be None"
        )
    return [doc_ids, titles, texts]
