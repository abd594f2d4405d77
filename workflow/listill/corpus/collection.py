"""The corpus in memory, as every stage after the first sees it."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from listill import tables
from listill.errors import UserError

DEFAULT_TEMPLATE = "{title} {text}"


def render(template: str, title: str | None, text: str) -> str:
    """Return the text of a document as every model sees it; missing titles leave no blanks behind."""
    return template.format(title=title or "", text=text).strip()


@dataclass(frozen=True)
class Collection:
    """Documents by position (0 .. n-1); ids are strings only at the edge.

    ``group[i]`` is the position of the first document of i's duplicate group (i itself for most). If topics are documents,
    a query and the document of the same id are the same text.
    """

    doc_ids: list[str]
    titles: list[str | None]
    texts: list[str]
    group: np.ndarray
    template: str = DEFAULT_TEMPLATE
    topics_are_documents: bool = False

    def __len__(self) -> int:
        return len(self.doc_ids)

    @functools.cached_property
    def position(self) -> dict[str, int]:
        """Position of each doc_id."""
        return {doc_id: i for i, doc_id in enumerate(self.doc_ids)}

    @functools.cached_property
    def id_order(self) -> np.ndarray:
        """Rank of each document by doc_id: breaks ties between equal scores."""
        order = np.empty(len(self), dtype=np.int64)
        order[np.argsort(np.array(self.doc_ids, dtype=object), kind="stable")] = np.arange(len(self))
        return order

    def rendered(self, i: int) -> str:
        """Return title and text of document i through the template."""
        return render(self.template, self.titles[i], self.texts[i])

    def without(self, i: int, start: int, end: int) -> str:
        """Return document i with characters ``start:end`` of its text left out (the inverse cloze of a query)."""
        text = self.texts[i]
        return render(self.template, self.titles[i], f"{text[:start].rstrip()} {text[end:].lstrip()}".strip())

    def mask(self, doc_ids: list[str], source: str) -> np.ndarray:
        """Return which documents are among ``doc_ids`` (bool [documents])."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[self.positions(doc_ids, source)] = True
        return chosen

    def subset(self, chosen: np.ndarray) -> "Collection":
        """Return a collection of the documents at the positions ``chosen``, in that order."""
        _, first, group = np.unique(self.group[chosen], return_index=True, return_inverse=True)
        doc_ids, titles, texts = self.doc_ids, self.titles, self.texts
        return Collection(
            [doc_ids[i] for i in chosen],
            [titles[i] for i in chosen],
            [texts[i] for i in chosen],
            first[group],
            self.template,
            self.topics_are_documents,
        )

    def positions(self, doc_ids: list[str], source: str) -> np.ndarray:
        """Return the positions of ``doc_ids``; a UserError names the first that is not in the corpus."""
        try:
            return np.fromiter((self.position[doc_id] for doc_id in doc_ids), dtype=np.int64, count=len(doc_ids))
        except KeyError as error:
            raise UserError(f"{source}: document {error} is not in the corpus") from None


def load(path: Path) -> Collection:
    """Read corpus.parquet; the template is in its metadata."""
    table = tables.read_arrow(path, "corpus")
    doc_ids = table["doc_id"].to_pylist()
    position = {doc_id: i for i, doc_id in enumerate(doc_ids)}
    first = table["duplicate_of"].to_pylist()
    group = np.array([i if twin is None else position[twin] for i, twin in enumerate(first)], dtype=np.int64)
    metadata = pq.read_schema(path).metadata or {}
    about = json.loads(metadata[tables.METADATA]) if tables.METADATA in metadata else {}
    details = about.get("details", {})
    read = details.get("template", DEFAULT_TEMPLATE), details.get("topics_are_documents", False)
    return Collection(doc_ids, table["title"].to_pylist(), table["text"].to_pylist(), group, *read)
