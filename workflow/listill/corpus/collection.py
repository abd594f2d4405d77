"""The corpus in memory, as all later stages use it."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from listill import tables
from listill.errors import UserError
from listill.strings import Strings

DEFAULT_TEMPLATE = "{title} {text}"


def render(template: str, title: str | None, text: str) -> str:
    """Return the text of a document as models see it; a missing title leaves no extra spaces."""
    return template.format(title=title or "", text=text).strip()


@dataclass(frozen=True)
class Collection:
    """Documents, addressed by position (0 .. n-1); string ids are only used in files.

    ``group[i]`` is the position of the first document in the duplicate group of document i (i itself for most
    documents). With ``topics_are_documents``, a query and the document with the same id are the same text. A missing
    title is empty.
    """

    doc_ids: Strings
    titles: Strings
    texts: Strings
    group: np.ndarray
    template: str = DEFAULT_TEMPLATE
    topics_are_documents: bool = False
    language: str = "english"

    def __post_init__(self) -> None:
        columns = {"doc_ids": self.doc_ids, "titles": self.titles, "texts": self.texts}
        for name, texts in columns.items():
            object.__setattr__(self, name, Strings.of(texts, missing=""))

    def __len__(self) -> int:
        return len(self.doc_ids)

    @functools.cached_property
    def id_order(self) -> np.ndarray:
        """The rank of each document by doc_id, which breaks ties between equal scores."""
        order = np.empty(len(self), dtype=np.int64)
        order[self.doc_ids.order()] = np.arange(len(self))
        return order

    def rendered(self, i: int) -> str:
        """Return document i rendered with the template."""
        return render(self.template, self.titles[i], self.texts[i])

    def all_rendered(self, start: int = 0, end: int | None = None) -> Iterator[str]:
        """Yield the documents ``start:end``, by default all, rendered with the template."""
        for title, text in zip(self.titles[start:end], self.texts[start:end], strict=True):
            yield render(self.template, title, text)

    def without(self, i: int, start: int, end: int) -> str:
        """Return document i without the characters ``start:end`` of its text (as in the inverse cloze task)."""
        text = self.texts[i]
        return render(self.template, self.titles[i], f"{text[:start].rstrip()} {text[end:].lstrip()}".strip())

    def mask(self, doc_ids: Sequence[str] | pa.ChunkedArray, source: str) -> np.ndarray:
        """Return a mask (bool [documents]) of the documents in ``doc_ids``."""
        mask = np.zeros(len(self), dtype=bool)
        mask[self.positions(doc_ids, source)] = True
        return mask

    def subset(self, chosen: np.ndarray) -> "Collection":
        """Return a collection of the documents at the positions ``chosen``, in that order."""
        _, first, group = np.unique(self.group[chosen], return_index=True, return_inverse=True)
        return dataclasses.replace(
            self,
            doc_ids=self.doc_ids.take(chosen),
            titles=self.titles.take(chosen),
            texts=self.texts.take(chosen),
            group=first[group],
        )

    def ids_at(self, positions: Sequence[int] | np.ndarray | pd.Series) -> pd.Series:
        """Return the doc_ids at these positions, as a column of texts."""
        return self.doc_ids.take(np.asarray(positions)).column.to_pandas().array

    def positions(self, doc_ids: Sequence[str] | pa.Array | pa.ChunkedArray, source: str) -> np.ndarray:
        """Return the positions of ``doc_ids``; UserError names ``source`` and the first unknown id.

        Look up many ids at once (see ``Strings.positions``).
        """
        positions = self.doc_ids.positions(doc_ids)
        if len(positions) and positions.min() < 0:
            unknown = str(doc_ids[int(positions.argmin())])
            raise UserError(f"{source}: document '{unknown}' is not in the corpus")
        return positions


def groups(doc_ids: Strings, originals: Sequence[str | None] | pa.ChunkedArray) -> np.ndarray:
    """Return the duplicate group of each document (see ``Collection``); ``originals`` is the column duplicate_of."""
    first = doc_ids.positions(originals)
    return np.where(first < 0, np.arange(len(doc_ids)), first)


def load(path: Path) -> Collection:
    """Read corpus.parquet, with the template in its metadata."""
    table = tables.read_arrow(path, "corpus")
    doc_ids = Strings(table["doc_id"])
    details = tables.details(path)
    collection = Collection(
        doc_ids,
        Strings(pc.fill_null(table["title"], "")),
        Strings(table["text"]),
        groups(doc_ids, table["duplicate_of"]),
        details.get("template", DEFAULT_TEMPLATE),
        details.get("topics_are_documents", False),
        details.get("language", "english"),
    )
    del table
    pa.default_memory_pool().release_unused()  # the columns are copies; the pool would keep what the table took
    return collection
