"""The corpus in memory, as all later stages use it."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from listill import tables
from listill.errors import UserError

DEFAULT_TEMPLATE = "{title} {text}"


def render(template: str, title: str | None, text: str) -> str:
    """Return the text of a document as models see it; a missing title leaves no extra spaces."""
    return template.format(title=title or "", text=text).strip()


@dataclass(frozen=True)
class Collection:
    """Documents, addressed by position (0 .. n-1); string ids are only used in files.

    ``group[i]`` is the position of the first document in the duplicate group of document i (i itself for most
    documents). With ``topics_are_documents``, a query and the document with the same id are the same text.
    """

    doc_ids: list[str]
    titles: list[str | None]
    texts: list[str]
    group: np.ndarray
    template: str = DEFAULT_TEMPLATE
    topics_are_documents: bool = False
    language: str = "english"

    def __len__(self) -> int:
        return len(self.doc_ids)

    @functools.cached_property
    def position(self) -> dict[str, int]:
        """The position of each doc_id."""
        return {doc_id: i for i, doc_id in enumerate(self.doc_ids)}

    @functools.cached_property
    def id_order(self) -> np.ndarray:
        """The rank of each document by doc_id, which breaks ties between equal scores."""
        order = np.empty(len(self), dtype=np.int64)
        order[np.argsort(np.array(self.doc_ids, dtype=object), kind="stable")] = np.arange(len(self))
        return order

    def rendered(self, i: int) -> str:
        """Return document i rendered with the template."""
        return render(self.template, self.titles[i], self.texts[i])

    def without(self, i: int, start: int, end: int) -> str:
        """Return document i without the characters ``start:end`` of its text (as in the inverse cloze task)."""
        text = self.texts[i]
        return render(self.template, self.titles[i], f"{text[:start].rstrip()} {text[end:].lstrip()}".strip())

    def mask(self, doc_ids: list[str], source: str) -> np.ndarray:
        """Return a mask (bool [documents]) of the documents in ``doc_ids``."""
        mask = np.zeros(len(self), dtype=bool)
        mask[self.positions(doc_ids, source)] = True
        return mask

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
            self.language,
        )

    def positions(self, doc_ids: list[str], source: str) -> np.ndarray:
        """Return the positions of ``doc_ids``; UserError names ``source`` and the first unknown id."""
        try:
            return np.fromiter((self.position[doc_id] for doc_id in doc_ids), dtype=np.int64, count=len(doc_ids))
        except KeyError as error:
            raise UserError(f"{source}: document {error} is not in the corpus") from None


def load(path: Path) -> Collection:
    """Read corpus.parquet, with the template in its metadata."""
    table = tables.read_arrow(path, "corpus")
    doc_ids = table["doc_id"].to_pylist()
    position = {doc_id: i for i, doc_id in enumerate(doc_ids)}
    originals = table["duplicate_of"].to_pylist()
    group = np.array([i if first is None else position[first] for i, first in enumerate(originals)], dtype=np.int64)
    details = tables.details(path)
    return Collection(
        doc_ids,
        table["title"].to_pylist(),
        table["text"].to_pylist(),
        group,
        details.get("template", DEFAULT_TEMPLATE),
        details.get("topics_are_documents", False),
        details.get("language", "english"),
    )
