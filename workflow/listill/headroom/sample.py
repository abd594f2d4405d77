"""A part of the corpus and queries for it, small enough for minutes."""

import random
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.estimate.statistics import Contents
from listill.evaluation.topics import EvaluationQueries
from listill.queries.build import from_generator
from listill.queries.generator import Generator
from listill.queries.generators.extractive import Extractive
from listill.schemas import HUMAN
from listill.settings.corpora import Corpus


@dataclass(frozen=True)
class Sample:
    """A part of a corpus, the human topics and synthetic queries that are measured in it, and the synthetic queries alone.

    ``synthetic`` has the columns query_id, text, doc_id.
    """

    collection: Collection
    evaluated: EvaluationQueries
    synthetic: pd.DataFrame


def draw(contents: Contents, corpus: Corpus, generator: Generator, documents: int, queries: int, seed: int) -> Sample:
    """Return a sample of at most ``documents`` documents and ``queries`` queries of each kind.

    The queries are dev topics, train topics if there are too few of them, and queries that are cut from passages which are
    drawn at random. A run's own generator is used only if it cuts, too. All relevant documents of the topics are in
    the sample.
    """
    chooser = random.Random(f"{seed}:headroom")
    relevant = contents.qrels[contents.qrels["relevance"] > 0]
    relevant = relevant[contents.collection.doc_ids.positions(relevant["doc_id"].tolist()) >= 0]
    minimum = max(1, corpus.min_dev_topics)
    known = _topics(contents, relevant, minimum)
    enough = len(known) >= minimum  # however few of them are drawn
    chosen = sorted(chooser.sample(sorted(known["query_id"]), min(queries, len(known))))
    topics = known[known["query_id"].isin(chosen)]
    judged = relevant[relevant["query_id"].isin(topics["query_id"])]
    collection = _part(contents.collection, judged["doc_id"].unique().tolist(), documents, chooser)
    synthetic = _synthetic(collection, generator, set(judged["doc_id"]), queries, seed)
    frames = [topics.assign(split="dev", type=HUMAN), synthetic.assign(split="dev")]
    every = pd.concat(frames[:1] if enough else frames, ignore_index=True)
    group = {
        doc_id: collection.doc_ids[first] for doc_id, first in zip(collection.doc_ids, collection.group, strict=True)
    }
    # The duplicates of a passage are relevant, too. A passage is the first of its group.
    members = pd.DataFrame({"doc_id": list(group.values()), "member": list(group)})
    own = synthetic.merge(members, on="doc_id").assign(doc_id=lambda rows: rows["member"], relevance=1, split="dev")
    qrels = pd.concat([judged.assign(split="dev"), *([] if enough else [own])], ignore_index=True)
    evaluated = EvaluationQueries(
        every[["query_id", "text", "split", "type"]].sort_values("query_id", ignore_index=True),
        qrels[["query_id", "doc_id", "relevance", "split"]].sort_values(["query_id", "doc_id"], ignore_index=True),
        group,
        corpus.min_dev_topics,
    )
    return Sample(collection, evaluated, synthetic)


def _topics(contents: Contents, relevant: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Return the topics with a relevant document: dev topics, and train topics if there are fewer than ``minimum``."""
    topics = contents.topics[contents.topics["query_id"].isin(relevant["query_id"])]
    dev = topics[topics["split"] == "dev"]
    known = dev if len(dev) >= minimum else topics[topics["split"].isin(["dev", "train"])]
    return known[["query_id", "text"]]


def _part(collection: Collection, wanted: list[str], documents: int, chooser: random.Random) -> Collection:
    """Return the ``wanted`` documents and others that are drawn at random, at most ``documents``."""
    if len(collection) <= documents:
        return collection
    chosen = set(collection.positions(wanted, "qrels").tolist())
    others = [i for i in range(len(collection)) if i not in chosen]
    chosen |= set(chooser.sample(others, max(0, min(documents - len(chosen), len(others)))))
    return collection.subset(np.array(sorted(chosen), dtype=np.int64))


def _synthetic(collection: Collection, generator: Generator, human: set[str], count: int, seed: int) -> pd.DataFrame:
    """Return ``count`` queries, or a few more, that are cut from passages which are not relevant to a topic."""
    chosen = generator if isinstance(generator, Extractive) else Extractive(kind="extractive")
    each = sum(chosen.types.values())
    free = {doc_id: "train" for doc_id in collection.doc_ids if doc_id not in human} or dict.fromkeys(
        collection.doc_ids
    )
    aside = {doc_id: "heldout" for doc_id in collection.doc_ids if doc_id not in free}
    found = from_generator(chosen, collection, aside, max(1, count // each), seed)
    return found.loc[found["split"] == "train", ["query_id", "text", "doc_id", "type"]].reset_index(drop=True)


def replaces(generator: Generator) -> bool:
    """Tell whether the queries of a sample are not those of a run: they are cut from passages, whatever the generator."""
    return not isinstance(generator, Extractive)
