"""The evaluation queries: human topics, and synthetic queries of held-out passages."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.errors import UserError
from listill.evaluation.clusters import clusters
from listill.evaluation.significance import Sample
from listill.schemas import HUMAN
from listill.settings.corpora import MIN_DEV_TOPICS


@dataclass(frozen=True)
class EvaluationQueries:
    """Queries and their judgements, sorted by split and ids.

    ``queries``: query_id, text, split (dev, test, heldout), type (``human``, or the type of a synthetic query).
    ``qrels``: query_id, doc_id, relevance, split; only for these queries, including judgements of 0 and below.
    ``group`` maps each duplicate to the first document of its group. If there are fewer dev topics than
    ``min_dev_topics``, synthetic dev queries join them (see ``dev_weights``).
    """

    queries: pd.DataFrame
    qrels: pd.DataFrame
    group: Mapping[str, str] = field(default_factory=dict)
    min_dev_topics: int = MIN_DEV_TOPICS

    @property
    def human(self) -> bool:
        """Whether any of the queries is a human topic."""
        return bool((self.queries["type"] == HUMAN).any())

    @functools.cached_property
    def judged(self) -> pd.DataFrame:
        """The queries with a relevant document, which can be evaluated."""
        relevant = self.qrels.loc[self.qrels["relevance"] > 0, "query_id"]
        return self.queries[self.queries["query_id"].isin(relevant)]

    def sample(self, query_ids: list[str]) -> Sample:
        """Return the clusters and weights of judged queries of one split.

        Queries of other splits do not connect those of this split.
        """
        cluster = clusters(self.qrels[self.qrels["query_id"].isin(query_ids)], self.group)
        types = self.queries.set_index("query_id")["type"].loc[query_ids]
        dev = (self.queries["query_id"].isin(query_ids) & (self.queries["split"] == "dev")).any()
        weight = dev_weights((types == HUMAN).to_numpy(), self.min_dev_topics) if dev else None
        return Sample(len(query_ids), cluster.loc[query_ids].to_numpy(), weight)

    def composition(self, split: str) -> str:
        """Describe the judged queries of a split for messages, such as ``12 topics and 80 synthetic queries``."""
        types = self.judged.loc[self.judged["split"] == split, "type"]
        human, synthetic = int((types == HUMAN).sum()), int((types != HUMAN).sum())
        parts = [f"{human} topic{'s' * (human != 1)}"] if human else []
        described = " and ".join(parts + ([f"{synthetic} synthetic queries"] if synthetic else []))
        if split != "dev" or not human or not synthetic:
            return described
        weight = dev_weights(np.repeat([True, False], [human, synthetic]), self.min_dev_topics)[human:].sum()
        return f"{described} (which together weigh as much as {weight:.0f} topics, as there are few topics)"


def dev_weights(human: np.ndarray, min_topics: int) -> np.ndarray:
    """Return the weight of each dev query; ``human`` (bool [n]) tells which are human topics.

    A few topics decide nothing, and synthetic queries do not represent users. A topic weighs 1. The synthetic queries
    weigh as much as the topics that are missing to ``min_topics``, but none of them more than 1. Without topics, all
    weigh 1.
    """
    topics, synthetic = int(human.sum()), int((~human).sum())
    if not topics or not synthetic:
        return np.ones(len(human))
    return np.where(human, 1.0, min(1.0, max(0, min_topics - topics) / synthetic))


def evaluation_queries(topics: Path, qrels: Path, queries: Path, corpus: Path) -> EvaluationQueries:
    """Read the human dev and test topics, and the synthetic dev and heldout queries.

    Synthetic dev queries are left out if there are enough dev topics. The relevant documents of a synthetic query
    (relevance 1) are its source passage and the duplicates of this passage. Raises UserError if two queries have the
    same id, or if the passage of a synthetic query is not in the corpus.
    """
    human = tables.read(topics, "topics")
    human = human[human["split"].isin(["dev", "test"])].assign(type=HUMAN)
    human_qrels = tables.read(qrels, "qrels").merge(human[["query_id", "split"]], on=["query_id", "split"])

    synthetic = tables.read(queries, "queries", ["query_id", "text", "type", "doc_id", "split"])
    synthetic = synthetic[synthetic["split"].isin(["dev", "heldout"]) & (synthetic["type"] != HUMAN)]
    min_dev_topics = tables.provenance(corpus).details.get("min_dev_topics", MIN_DEV_TOPICS)
    relevant = human_qrels[human_qrels["relevance"] > 0]
    if relevant.loc[relevant["split"] == "dev", "query_id"].nunique() >= max(1, min_dev_topics):
        synthetic = synthetic[synthetic["split"] != "dev"]
    group = _groups(corpus)
    synthetic_qrels = _with_duplicates(synthetic[["query_id", "doc_id", "split"]], group, f"{queries}", f"{corpus}")

    columns = ["query_id", "text", "split", "type"]
    all_queries = pd.concat([human[columns], synthetic[columns]], ignore_index=True)
    if (repeated := all_queries["query_id"].duplicated()).any():
        clash = all_queries.loc[repeated, "query_id"].iloc[0]
        raise UserError(f"{topics}, {queries}: two evaluation queries have the query_id '{clash}': ids must be unique")
    judgements = pd.concat([human_qrels, synthetic_qrels], ignore_index=True)
    return EvaluationQueries(
        all_queries.sort_values(["split", "query_id"], ignore_index=True),
        judgements.sort_values(["split", "query_id", "doc_id"], ignore_index=True),
        group,
        min_dev_topics,
    )


def _groups(corpus: Path) -> dict[str, str]:
    """Return the first document of the duplicate group of each document."""
    documents = tables.read(corpus, "corpus", ["doc_id", "duplicate_of"])
    first = documents["duplicate_of"].fillna(documents["doc_id"])
    return dict(zip(documents["doc_id"], first, strict=True))


def _with_duplicates(sources: pd.DataFrame, group: dict[str, str], queries: str, corpus: str) -> pd.DataFrame:
    """Return judgements of all documents in the duplicate group of each source document, by query_id."""
    if missing := sorted(set(sources["doc_id"]) - group.keys()):
        raise UserError(f"{queries}: document '{missing[0]}' is not in {corpus}")
    members = pd.DataFrame({"group": group.values(), "doc_id": group.keys()}, dtype=object)
    judgements = sources.assign(group=sources["doc_id"].map(group)).drop(columns="doc_id").merge(members, on="group")
    return judgements.assign(relevance=1)[["query_id", "doc_id", "relevance", "split"]]
