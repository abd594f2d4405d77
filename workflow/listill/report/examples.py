"""Queries that a variant won and lost against its base."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Example:
    """One query: its value and the rank of its relevant document (None: not in the run) before and after training."""

    query: str
    type: str
    document: str
    title: str
    before: float
    after: float
    rank_before: int | None
    rank_after: int | None


@dataclass(frozen=True)
class Contest:
    """All queries of a split, variant against base: sorted differences, and the largest gains and losses."""

    differences: np.ndarray
    won: list[Example]
    lost: list[Example]

    @property
    def score(self) -> tuple[int, int, int]:
        """Queries won, unchanged and lost."""
        return (
            int((self.differences > 0).sum()),
            int((self.differences == 0).sum()),
            int((self.differences < 0).sum()),
        )


def contest(
    values: pd.DataFrame,
    runs: tuple[pd.DataFrame, pd.DataFrame],
    queries: pd.DataFrame,
    qrels: pd.DataFrame,
    titles: dict[str, str],
    count: int,
) -> Contest:
    """Compare a variant with its base, query by query.

    ``values``: query_id, before, after (the measure of base and variant, one split); ``runs``: query_id, doc_id, rank
    of base and variant; ``queries``: query_id, text, type; ``qrels``: query_id, doc_id, relevance; ``titles``: how a
    document is called. ``count``: examples of each kind.
    """
    table = values.assign(difference=values["after"] - values["before"])
    table = table.sort_values(["difference", "query_id"], ascending=[False, True])
    won = table[table["difference"] > 0].head(count)
    lost = table[table["difference"] < 0].iloc[::-1].head(count)
    wanted = set(won["query_id"]) | set(lost["query_id"])
    ranks = [_ranks(run, wanted) for run in runs]
    relevant = qrels[qrels["query_id"].isin(wanted) & (qrels["relevance"] > 0)]
    about = queries.set_index("query_id")

    def example(row: pd.Series) -> Example:
        query = str(row["query_id"])
        document = _document(relevant[relevant["query_id"] == query], [of.get(query, {}) for of in ranks])
        before, after = (of.get(query, {}).get(document) for of in ranks)
        kind, text = str(about.at[query, "type"]), str(about.at[query, "text"])
        title = titles.get(document, document)
        return Example(text, kind, document, title, row["before"], row["after"], before, after)

    examples = ([example(row) for _, row in part.iterrows()] for part in (won, lost))
    return Contest(table["difference"].to_numpy(), *examples)


def _ranks(run: pd.DataFrame, wanted: set[str]) -> dict[str, dict[str, int]]:
    """Return {query_id: {doc_id: rank from 1}} of the wanted queries."""
    rows = run[run["query_id"].isin(wanted)].sort_values(["query_id", "rank", "doc_id"])
    return {
        str(query): {document: rank for rank, document in enumerate(group["doc_id"], 1)}
        for query, group in rows.groupby("query_id")
    }


def _document(relevant: pd.DataFrame, ranks: list[dict[str, int]]) -> str:
    """Return the most relevant document; among equals, the one that either run ranks best."""

    def place(row: tuple[str, int]) -> tuple[float, float, str]:
        return (-row[1], min(of.get(row[0], np.inf) for of in ranks), row[0])

    return min(zip(relevant["doc_id"], relevant["relevance"], strict=True), key=place)[0]
