"""A data set of the ir_datasets catalogue, in its published splits."""

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from listill.corpus.source import SPLITS, Document, Judgement, RawCorpus, Source
from listill.errors import UserError, nearest

NAMES = {"train": ("train",), "dev": ("dev", "validation"), "test": ("test",)}


class IrDatasets(Source):
    """A data set of the ir_datasets catalogue; its splits are the ids below it (`/train`, `/dev`, `/test`)."""

    kind: Literal["ir_datasets"] = Field(description="a data set of the ir_datasets catalogue")
    id: str = Field(description="for example `beir/scifact` or `cranfield`")
    splits: dict[Literal["train", "dev", "test"], str] = Field(
        {}, description="ids that hold the topics of each split; empty: found by their usual names"
    )

    def read(self) -> RawCorpus:
        """Read documents, and the topics and judgements of each split.

        ir_datasets downloads what it does not have. Raises UserError for an unknown id, for an id without documents, and
        where a download fails.
        """
        import ir_datasets

        dataset = _load(self.id)
        if not dataset.has_docs():
            raise UserError(f"source.id: the data set '{self.id}' of ir_datasets has no documents: name one that has")
        with _reading(self.id):
            documents = [_document(doc) for doc in dataset.docs_iter()]
        source = RawCorpus(f"ir_datasets {self.id}", documents)
        chosen = {str(split): name for split, name in self.splits.items()} or find_splits(self.id)
        for split, name in chosen.items():
            part = _load(name)
            if not (part.has_queries() and part.has_qrels()):
                raise UserError(
                    f"source.splits.{split}: the data set '{name}' of ir_datasets lacks queries or judgements"
                )
            with _reading(name):
                judged = [Judgement(q.query_id, q.doc_id, int(q.relevance), split, name) for q in part.qrels_iter()]
                topics = {query.query_id: query_text(query) for query in part.queries_iter()}
            for judgement in judged:
                query_id = judgement.query_id
                if query_id not in topics:
                    raise UserError(
                        f"{name}: judgements of the query '{query_id}', which has no text: choose another data set"
                    )
                source.topics[query_id] = topics[query_id]
            source.qrels += judged
        source.details = {"ir_datasets": ir_datasets.__version__, "id": self.id, "splits": chosen}
        return source


def find_splits(name: str) -> dict[str, str]:
    """Return the ids that hold topics and judgements of each split.

    They are the ids below ``name`` with the usual names, or ``name`` itself, with the split that is part of it, else
    test.
    """
    found = {}
    for split in SPLITS:
        for below in (f"{name}/{usual}" for usual in NAMES[split]):
            if split not in found and _judged(below):
                found[split] = below
    if found or not _judged(name):
        return found
    words = name.split("/")
    own = next((split for word in reversed(words) for split in SPLITS if word in NAMES[split]), "test")
    return {own: name}


def _judged(name: str) -> bool:
    import ir_datasets

    try:
        dataset = ir_datasets.load(name)
    except KeyError:
        return False
    return bool(dataset.has_queries() and dataset.has_qrels())


def _load(name: str) -> Any:
    import ir_datasets

    try:
        return ir_datasets.load(name)
    except KeyError:
        known = nearest(name, ir_datasets.registry)
        raise UserError(f"source.id: ir_datasets knows no data set '{name}'{known}; see ir-datasets.com") from None


@contextlib.contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn a failed download into advice; network errors are OSErrors, several of them one RuntimeError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not str(error.args[:1]).startswith("('All download"):
            raise UserError(f"ir_datasets cannot read '{name}': {str(error).splitlines()[0]}") from error
        raise UserError(
            f"ir_datasets could not download '{name}' here: fetch it on a machine with a network (run this "
            "stage there) and copy its folder ~/.ir_datasets (or IR_DATASETS_HOME) to this one"
        ) from error


def _document(doc: Any) -> Document:
    text = next((getattr(doc, name) for name in ("text", "body", "abstract") if hasattr(doc, name)), None)
    title = getattr(doc, "title", None)
    return Document(doc.doc_id, title, doc.default_text() if text is None else text)


def query_text(query: Any) -> str:
    """Return the short form of a topic: its ``text``, TREC's ``title``, or what ir_datasets takes for its text."""
    words = next((getattr(query, name) for name in ("text", "title") if hasattr(query, name)), None)
    return str(query.default_text() if words is None else words)
