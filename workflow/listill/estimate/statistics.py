"""What the estimate knows of a corpus: how many documents, topics and passages there are, and how long they are."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from listill import tables
from listill.corpus.build import build
from listill.corpus.collection import Collection, groups
from listill.corpus.source import read_unchanged
from listill.queries.passages import passages, split_of
from listill.settings.corpora import Corpus
from listill.strings import Strings

# How many documents are measured.
SAMPLE = 500
TABLES = ("corpus", "topics", "qrels", "heldout")
# From texts to the number of tokens of each [n].
Lengths = Callable[[list[str]], np.ndarray]


@dataclass(frozen=True)
class Statistics:
    """A corpus in numbers.

    ``documents`` and ``characters`` count the whole corpus. ``trainable`` are the passages that may get train queries,
    ``relevant`` those of them that are relevant to a train topic. ``heldout`` and ``topics`` count the held-out passages
    and the topics with a relevant document by split. ``lengths`` and ``query_lengths`` [n] are the numbers of tokens of a
    sample of documents and queries, not cut.
    """

    documents: int
    characters: int
    trainable: int
    relevant: int
    heldout: dict[str, int]
    topics: dict[str, int]
    lengths: np.ndarray
    query_lengths: np.ndarray

    def tokens(self, limit: int) -> float:
        """Return the mean number of tokens of a document that is cut at ``limit``."""
        return float(np.minimum(self.lengths, limit).mean())

    def query_tokens(self, limit: int) -> float:
        """Return the mean number of tokens of a query that is cut at ``limit``."""
        return float(np.minimum(self.query_lengths, limit).mean())


@dataclass(frozen=True)
class Contents:
    """The documents of a corpus, its tables topics, qrels and heldout, and a sample of documents and queries."""

    collection: Collection
    topics: pd.DataFrame
    qrels: pd.DataFrame
    heldout: pd.DataFrame

    def sample(self, count: int = SAMPLE) -> np.ndarray:
        """Return the positions of ``count`` documents that are drawn at random, always the same ones."""
        chosen = random.Random("estimate").sample(range(len(self.collection)), min(count, len(self.collection)))
        return np.array(sorted(chosen), dtype=np.int64)

    def queries(self, count: int = SAMPLE) -> list[str]:
        """Return the texts of ``some_queries``."""
        return [text for _, text in self.some_queries(count)]

    def some_queries(self, count: int = SAMPLE) -> list[tuple[str, str]]:
        """Return id and text of some topics; without topics, id and first words of some documents."""
        if len(self.topics):
            rows = zip(self.topics["query_id"], self.topics["text"], strict=True)
            return sorted(rows, key=lambda row: (row[1], row[0]))[:count]
        chosen = self.sample(count).tolist()
        return [(self.collection.doc_ids[i], " ".join(self.collection.texts[i].split()[:12]) or "a") for i in chosen]


def of_tables(folder: Path) -> Contents | None:
    """Return the tables in a results folder; None if they have not been made."""
    from listill.corpus import collection

    if not all((folder / f"{name}.parquet").exists() for name in TABLES):
        return None
    documents = collection.load(folder / "corpus.parquet")
    return Contents(documents, *(tables.read(folder / f"{name}.parquet", name) for name in TABLES[1:]))


def of_source(corpus: Corpus, seed: int) -> Contents:
    """Read a source, with all checks of the stage ``corpus``."""
    built = build(read_unchanged(corpus.source), corpus, seed)
    topics, qrels, heldout = map(pd.DataFrame, (built.topics, built.qrels, built.heldout))
    qrels = qrels.astype({"relevance": np.int32})  # also without judgements
    return Contents(collection_of(built.corpus, corpus), topics, qrels, heldout)


def collection_of(table: pa.Table, corpus: Corpus) -> Collection:
    """Return the table ``corpus`` as a collection."""
    doc_ids = Strings(table["doc_id"])
    return Collection(
        doc_ids,
        Strings(pc.fill_null(table["title"], "")),
        Strings(table["text"]),
        groups(doc_ids, table["duplicate_of"]),
        corpus.template,
        corpus.topics_are_documents,
        corpus.language,
    )


def statistics(contents: Contents, lengths: Lengths) -> Statistics:
    """Return the numbers of a corpus; ``lengths`` counts the tokens of texts."""
    collection, split = contents.collection, split_of(contents.heldout)
    train = [i for i in passages(collection, split, None, 0) if collection.doc_ids[i] not in split]
    relevant = contents.qrels[contents.qrels["relevance"] > 0]
    groups = _groups(collection, relevant.loc[relevant["split"] == "train", "doc_id"].unique().tolist())
    texts = [collection.rendered(int(i)) for i in contents.sample()]
    return Statistics(
        documents=len(collection),
        characters=sum(len(text) + len(title) for text, title in zip(collection.texts, collection.titles, strict=True)),
        trainable=len(train),
        relevant=len(groups & set(train)),
        heldout=contents.heldout["split"].value_counts().to_dict(),
        topics=relevant.groupby("split")["query_id"].nunique().to_dict(),
        lengths=np.maximum(lengths(texts), 1),
        query_lengths=np.maximum(lengths(contents.queries()), 1),
    )


def _groups(collection: Collection, doc_ids: Sequence[str]) -> set[int]:
    positions = collection.doc_ids.positions(doc_ids)
    return set(collection.group[positions[positions >= 0]].tolist())
