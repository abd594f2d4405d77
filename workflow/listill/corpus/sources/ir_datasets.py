"""A data set of the ir_datasets catalogue, with its published splits."""

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from listill.corpus.source import SPLITS, Document, Judgement, RawCorpus, Source
from listill.errors import UserError, nearest
from listill.section import Text

NAMES = {"train": ("train",), "dev": ("dev", "validation"), "test": ("test",)}


class IrDatasets(Source):
    """A data set of the ir_datasets catalogue; its splits are its sub-datasets (`/train`, `/dev`, `/test`)."""

    kind: Literal["ir_datasets"] = Field(description="a data set of the ir_datasets catalogue")
    id: Text = Field(description="for example `beir/scifact` or `cranfield`")
    splits: dict[Literal["train", "dev", "test"], str] = Field(
        {}, description="ids of the data sets with the topics of each split; default: those with the usual names"
    )

    def read(self) -> RawCorpus:
        """Read the documents, and the topics and judgements of each split.

        ir_datasets downloads missing data. Raises UserError for an unknown id, an id without documents, and a failed
        download.
        """
        import ir_datasets

        from listill.corpus.documents import Documents

        dataset = _load(self.id)
        if not dataset.has_docs():
            raise UserError(f"source.id: the ir_datasets data set '{self.id}' has no documents: choose one that has")
        with _reading(self.id):
            documents = Documents.of(map(_document, dataset.docs_iter()))
        source = RawCorpus(f"ir_datasets {self.id}", documents)
        splits = {str(split): name for split, name in self.splits.items()} or find_splits(self.id)
        for split, name in splits.items():
            part = _load(name)
            if not (part.has_queries() and part.has_qrels()):
                raise UserError(
                    f"source.splits.{split}: the ir_datasets data set '{name}' has no queries or no judgements: "
                    "choose one that has both"
                )
            with _reading(name):
                judgements = [Judgement(q.query_id, q.doc_id, int(q.relevance), split, name) for q in part.qrels_iter()]
                topics = {query.query_id: query_text(query) for query in part.queries_iter()}
            for judgement in judgements:
                query_id = judgement.query_id
                if query_id not in topics:
                    raise UserError(f"{name}: the judged query '{query_id}' has no text: choose another data set")
                source.topics[query_id] = topics[query_id]
            source.qrels += judgements
        source.details = {"ir_datasets": ir_datasets.__version__, "id": self.id, "splits": splits}
        return source


def find_splits(name: str) -> dict[str, str]:
    """Return the id of the data set with the topics and judgements of each split.

    These are the sub-datasets of ``name`` with the usual names. If there are none, it is ``name`` itself, as the split
    that its name contains (default: test).
    """
    splits = {}
    for split in SPLITS:
        for candidate in (f"{name}/{suffix}" for suffix in NAMES[split]):
            if split not in splits and _has_judgements(candidate):
                splits[split] = candidate
    if splits or not _has_judgements(name):
        return splits
    parts = name.split("/")
    split_in_name = next((split for part in reversed(parts) for split in SPLITS if part in NAMES[split]), "test")
    return {split_in_name: name}


def _has_judgements(name: str) -> bool:
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
        hint = nearest(name, ir_datasets.registry)
        raise UserError(f"source.id: ir_datasets has no data set '{name}'{hint}; see ir-datasets.com") from None


@contextlib.contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn a failed download into a UserError; a network error is an OSError, several of them are one RuntimeError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not str(error.args[:1]).startswith("('All download"):
            raise UserError(f"ir_datasets cannot read '{name}': {str(error).splitlines()[0]}") from error
        raise UserError(
            f"ir_datasets could not download '{name}': run this stage on a machine with network access and copy "
            "its folder ~/.ir_datasets (or IR_DATASETS_HOME) to this machine"
        ) from error


def _document(doc: Any) -> Document:
    text = next((getattr(doc, name) for name in ("text", "body", "abstract") if hasattr(doc, name)), None)
    title = getattr(doc, "title", None)
    return Document(doc.doc_id, title, doc.default_text() if text is None else text)


def query_text(query: Any) -> str:
    """Return the short form of a topic: its ``text``, its ``title`` (TREC), or the default text of ir_datasets."""
    text = next((getattr(query, name) for name in ("text", "title") if hasattr(query, name)), None)
    return str(query.default_text() if text is None else text)
