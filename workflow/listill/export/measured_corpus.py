"""A corpus with its topics, judgements, evaluation queries and runs, as the formats write them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from listill import tables
from listill.corpus import collection
from listill.corpus.collection import Collection
from listill.evaluation.systems import runs_by_system
from listill.evaluation.topics import EvaluationQueries, evaluation_queries


@dataclass(frozen=True)
class MeasuredCorpus:
    """The material of the formats of a corpus.

    ``topics`` and ``qrels`` are the tables of the human topics (all splits). ``evaluated`` are the queries that systems are
    measured on: human dev and test topics, and synthetic queries. ``runs`` are the files of the systems' runs.
    """

    name: str
    collection: Collection
    topics: pd.DataFrame
    qrels: pd.DataFrame
    evaluated: EvaluationQueries
    runs: Mapping[str, Path] = field(default_factory=dict)


def load(name: str, corpus: Path, topics: Path, qrels: Path, queries: Path, runs: list[Path]) -> MeasuredCorpus:
    """Read the tables of a corpus; the runs are read when they are written."""
    return MeasuredCorpus(
        name,
        collection.load(corpus),
        tables.read(topics, "topics"),
        tables.read(qrels, "qrels"),
        evaluation_queries(topics, qrels, queries, corpus),
        runs_by_system(runs) if runs else {},
    )
