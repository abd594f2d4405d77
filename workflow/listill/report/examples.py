"""Queries that a variant improves or degrades compared with its base model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Example:
    """One query: its value and the rank of its relevant document (None: not in the run), before and after training."""

    query: str
    type: str
    document: str
    title: str
    before: float
    after: float
    rank_before: int | None
    rank_after: int | None


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
    runs: tuple[pd.DataFrame, pd.DataFrame],
    queries: pd.DataFrame,
    qrels: pd.DataFrame,
    titles: dict[str, str],
    count: int,
) -> WinsAndLosses:
    """Compare a variant with its base, query by query.

    ``values``: query_id, before, after (the measure of base and variant on one split). ``runs``: query_id, doc_id, rank
    of base and variant. ``queries``: query_id, text, type. ``qrels``: query_id, doc_id, relevance. ``titles``: the
    title to show, by doc_id. ``count``: the number of gains and of losses to show as examples.
    """
    table = values.assign(difference=values["after"] - values["before"])
    table = table.sort_values(["difference", "query_id"], ascending=[False, True])
    won = table[table["difference"] > 0].head(count)
    lost = table[table["difference"] < 0].iloc[::-1].head(count)
    shown = set(won["query_id"]) | set(lost["query_id"])
    ranks_by_run = [_ranks(run, shown) for run in runs]
    relevant = qrels[qrels["query_id"].isin(shown) & (qrels["relevance"] > 0)]
    query_rows = queries.set_index("query_id")

    def example(row: pd.Series) -> Example:
        query = str(row["query_id"])
        query_ranks = [ranks.get(query, {}) for ranks in ranks_by_run]
        document = _document(relevant[relevant["query_id"] == query], query_ranks)
        before, after = (ranks.get(document) for ranks in query_ranks)
        query_type, text = str(query_rows.at[query, "type"]), str(query_rows.at[query, "text"])
        title = titles.get(document, document)
        return Example(text, query_type, document, title, row["before"], row["after"], before, after)

    examples = ([example(row) for _, row in part.iterrows()] for part in (won, lost))
    return WinsAndLosses(table["difference"].to_numpy(), *examples)


def _ranks(run: pd.DataFrame, query_ids: set[str]) -> dict[str, dict[str, int]]:
    """Return {query_id: {doc_id: rank from 1}} for the given queries."""
    rows = run[run["query_id"].isin(query_ids)].sort_values(["query_id", "rank", "doc_id"])
    return {
        str(query): {document: rank for rank, document in enumerate(group["doc_id"], 1)}
        for query, group in rows.groupby("query_id")
    }


def _document(relevant: pd.DataFrame, ranks_by_run: list[dict[str, int]]) -> str:
    """Return the most relevant document; ties are broken by the best rank in either run."""

    def sort_key(row: tuple[str, int]) -> tuple[float, float, str]:
        doc_id, relevance = row
        return (-relevance, min(ranks.get(doc_id, np.inf) for ranks in ranks_by_run), doc_id)

    return min(zip(relevant["doc_id"], relevant["relevance"], strict=True), key=sort_key)[0]
