"""The evaluation queries: human topics, and synthetic queries of held-out passages."""

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
    ``qrels``: query_id, doc_id, relevance, split; only for these queries, including judgements of 0 and below.
    """

    queries: pd.DataFrame
    qrels: pd.DataFrame

    @property
    def human(self) -> bool:
        """Whether any of the queries is a human topic."""
        return bool((self.queries["type"] == HUMAN).any())


def evaluation_queries(topics: Path, qrels: Path, queries: Path, corpus: Path) -> EvaluationQueries:
    """Read the human dev and test topics, and the synthetic dev and heldout queries.

    The relevant documents of a synthetic query (relevance 1) are its source passage and the duplicates of this passage.
    Raises UserError if two queries have the same id, or if the passage of a synthetic query is not in the corpus.
    """
    human = tables.read(topics, "topics")
    human = human[human["split"].isin(["dev", "test"])].assign(type=HUMAN)
    human_qrels = tables.read(qrels, "qrels").merge(human[["query_id", "split"]], on=["query_id", "split"])

    synthetic = tables.read(queries, "queries", ["query_id", "text", "type", "doc_id", "split"])
    synthetic = synthetic[synthetic["split"].isin(["dev", "heldout"]) & (synthetic["type"] != HUMAN)]
    synthetic_qrels = _with_duplicates(synthetic[["query_id", "doc_id", "split"]], corpus, queries)

    columns = ["query_id", "text", "split", "type"]
    all_queries = pd.concat([human[columns], synthetic[columns]], ignore_index=True)
    if (repeated := all_queries["query_id"].duplicated()).any():
        clash = all_queries.loc[repeated, "query_id"].iloc[0]
        raise UserError(f"{topics}, {queries}: two evaluation queries have the query_id '{clash}': ids must be unique")
    judgements = pd.concat([human_qrels, synthetic_qrels], ignore_index=True)
    return EvaluationQueries(
        all_queries.sort_values(["split", "query_id"], ignore_index=True),
        judgements.sort_values(["split", "query_id", "doc_id"], ignore_index=True),
    )


def _with_duplicates(sources: pd.DataFrame, corpus: Path, origin: Path) -> pd.DataFrame:
    """Return judgements of all documents in the duplicate group of each source document, by query_id."""
    documents = tables.read(corpus, "corpus", ["doc_id", "duplicate_of"])
    first = documents["duplicate_of"].fillna(documents["doc_id"])
    group = dict(zip(documents["doc_id"], first, strict=True))
    if missing := sorted(set(sources["doc_id"]) - group.keys()):
        raise UserError(f"{origin}: document '{missing[0]}' is not in {corpus}")
    members = pd.DataFrame({"group": first, "doc_id": documents["doc_id"]})
    judgements = sources.assign(group=sources["doc_id"].map(group)).drop(columns="doc_id").merge(members, on="group")
    return judgements.assign(relevance=1)[["query_id", "doc_id", "relevance", "split"]]
