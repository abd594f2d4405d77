"""The evaluation queries: human topics, and synthetic queries of passages that were kept out of training."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from listill import tables
from listill.errors import UserError
from listill.schemas import HUMAN


@dataclass(frozen=True)
class EvaluationQueries:
    """Queries and their judgements, sorted by split and ids.

    ``queries``: query_id, text, split (dev, test, heldout), type (``human``, or the type of a synthetic query).
    ``qrels``: query_id, doc_id, relevance, split; of these queries only, judgements of 0 and below included.
    """

    queries: pd.DataFrame
    qrels: pd.DataFrame

    @property
    def human(self) -> bool:
        """Whether any of the queries was asked by a person."""
        return bool((self.queries["type"] == HUMAN).any())


def evaluation_queries(topics: Path, qrels: Path, queries: Path, corpus: Path) -> EvaluationQueries:
    """Read the human dev and test topics, and the synthetic dev and heldout queries.

    A synthetic query has its source passage and that passage's duplicates as relevant documents (relevance 1).
    Raises UserError if a query id stands for two queries, or a synthetic query's passage is not in the corpus.
    """
    human = tables.read(topics, "topics")
    human = human[human["split"].isin(["dev", "test"])].assign(type=HUMAN)
    judged = tables.read(qrels, "qrels").merge(human[["query_id", "split"]], on=["query_id", "split"])

    synthetic = tables.read(queries, "queries", ["query_id", "text", "type", "doc_id", "split"])
    synthetic = synthetic[synthetic["split"].isin(["dev", "heldout"]) & (synthetic["type"] != HUMAN)]
    sources = _with_duplicates(synthetic[["query_id", "doc_id", "split"]], corpus, queries)

    columns = ["query_id", "text", "split", "type"]
    together = pd.concat([human[columns], synthetic[columns]], ignore_index=True)
    if (repeated := together["query_id"].duplicated()).any():
        clash = together.loc[repeated, "query_id"].iloc[0]
        raise UserError(
            f"{topics}, {queries}: query_id '{clash}' stands for two evaluation queries; ids must be unique"
        )
    judgements = pd.concat([judged, sources], ignore_index=True)
    return EvaluationQueries(
        together.sort_values(["split", "query_id"], ignore_index=True),
        judgements.sort_values(["split", "query_id", "doc_id"], ignore_index=True),
    )


def _with_duplicates(sources: pd.DataFrame, corpus: Path, origin: Path) -> pd.DataFrame:
    """Return judgements that name, for each query_id and doc_id, every document of that document's duplicate group."""
    documents = tables.read(corpus, "corpus", ["doc_id", "duplicate_of"])
    first = documents["duplicate_of"].fillna(documents["doc_id"])
    group = dict(zip(documents["doc_id"], first, strict=True))
    if missing := sorted(set(sources["doc_id"]) - group.keys()):
        raise UserError(f"{origin}: document '{missing[0]}' is not in {corpus}")
    members = pd.DataFrame({"group": first, "doc_id": documents["doc_id"]})
    found = sources.assign(group=sources["doc_id"].map(group)).drop(columns="doc_id").merge(members, on="group")
    return found.assign(relevance=1)[["query_id", "doc_id", "relevance", "split"]]
