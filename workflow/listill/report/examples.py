"""Queries that a variant improves or degrades compared with its base model, with what every system found."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

PASSAGE = 400  # characters of a passage that are shown


@dataclass(frozen=True)
class Passage:
    """A document: its title, and the beginning of its text."""

    doc_id: str
    title: str
    text: str


@dataclass(frozen=True)
class Found:
    """What a system found for a query: its value, and rank and score of the relevant document (None: not in the run).

    ``first`` is the document that it ranked first, ``right`` whether that is relevant.
    """

    system: str
    value: float
    rank: int | None
    score: float | None
    first: Passage | None
    right: bool


@dataclass(frozen=True)
class Example:
    """One query with its most relevant document, its value before and after training, and what each system found."""

    query: str
    type: str
    passage: Passage
    before: float
    after: float
    found: list[Found]


@dataclass(frozen=True)
class WinsAndLosses:
    """A variant compared with its base on all queries of a split: sorted differences, largest gains and losses."""

    differences: np.ndarray
    won: list[Example]
    lost: list[Example]

    @property
    def score(self) -> tuple[int, int, int]:
        """The numbers of queries with a gain, without a change and with a loss."""
        return (
            int((self.differences > 0).sum()),
            int((self.differences == 0).sum()),
            int((self.differences < 0).sum()),
        )


def wins_and_losses(
    values: pd.DataFrame,
    systems: tuple[str, str],
    shown: list[str],
    runs: Mapping[str, pd.DataFrame],
    queries: pd.DataFrame,
    qrels: pd.DataFrame,
    corpus: pd.DataFrame,
    count: int,
) -> WinsAndLosses:
    """Compare a variant with its base, query by query.

    ``values``: the measure on one split, a row for each query_id (the index) and a column for each system. ``systems``:
    the base and the variant. ``shown``: these and other systems, in order. ``runs``: query_id, doc_id, rank and score of
    each of them, which is read once. ``queries``:
    query_id, text, type. ``qrels``: query_id, doc_id, relevance. ``corpus``: doc_id, title, text. ``count``: the number
    of gains and of losses to show as examples.
    """
    before, after = systems
    table = pd.DataFrame({"before": values[before], "after": values[after]}).rename_axis("query_id").reset_index()
    table["difference"] = table["after"] - table["before"]
    table = table.sort_values(["difference", "query_id"], ascending=[False, True])
    won = table[table["difference"] > 0].head(count)
    lost = table[table["difference"] < 0].iloc[::-1].head(count)
    wanted = set(won["query_id"]) | set(lost["query_id"])
    # Without examples, no run is read.
    ranked = {system: _ranked(runs[system], wanted) for system in shown if wanted}
    relevant = qrels[qrels["query_id"].isin(wanted) & (qrels["relevance"] > 0)]
    query_rows = queries.set_index("query_id")
    documents = corpus.set_index("doc_id")

    def example(row: pd.Series) -> Example:
        query = str(row["query_id"])
        of_query = relevant[relevant["query_id"] == query]
        found = {system: by_query.get(query, {}) for system, by_query in ranked.items()}
        document = _document(of_query, [found[system] for system in systems if system in found])
        lines = [
            _found(system, values.at[query, system], documents_found, document, set(of_query["doc_id"]), documents)
            for system, documents_found in found.items()
            if system in values
        ]
        text, query_type = str(query_rows.at[query, "text"]), str(query_rows.at[query, "type"])
        return Example(text, query_type, _passage(documents, document), row["before"], row["after"], lines)

    examples = ([example(row) for _, row in part.iterrows()] for part in (won, lost))
    return WinsAndLosses(table["difference"].to_numpy(), *examples)


def _found(
    system: str,
    value: float,
    found: dict[str, tuple[int, float]],
    document: str,
    relevant: set[str],
    documents: pd.DataFrame,
) -> Found:
    rank, score = found.get(document, (None, None))
    first = next(iter(found), None)
    passage = None if first is None else _passage(documents, first)
    return Found(system, float(value), rank, score, passage, first in relevant)


def _passage(documents: pd.DataFrame, doc_id: str) -> Passage:
    """Return a document for the page; one without a title has the beginning of its text as its title."""
    if doc_id not in documents.index:
        return Passage(doc_id, doc_id, "")
    title, text = (
        str(documents.at[doc_id, name]) if pd.notna(documents.at[doc_id, name]) else "" for name in ("title", "text")
    )
    shortened = text[:PASSAGE].rstrip() + " ..." if len(text) > PASSAGE else text
    return Passage(doc_id, title or text[:80], shortened)


def _ranked(run: pd.DataFrame, query_ids: set[str]) -> dict[str, dict[str, tuple[int, float]]]:
    """Return {query_id: {doc_id: (rank from 1, score)}} for the given queries, best first."""
    rows = run[run["query_id"].isin(query_ids)].sort_values(["query_id", "rank", "doc_id"])
    return {
        str(query): {
            str(document): (rank, float(score))
            for rank, (document, score) in enumerate(zip(group["doc_id"], group["score"], strict=True), 1)
        }
        for query, group in rows.groupby("query_id")
    }


def _document(relevant: pd.DataFrame, found: list[dict[str, tuple[int, float]]]) -> str:
    """Return the most relevant document; ties are broken by the best rank in either run."""

    def sort_key(row: tuple[str, int]) -> tuple[float, float, str]:
        doc_id, relevance = row
        return (-relevance, min((ranks[doc_id][0] for ranks in found if doc_id in ranks), default=np.inf), doc_id)

    return min(zip(relevant["doc_id"], relevant["relevance"], strict=True), key=sort_key)[0]
