"""The user's own candidates, from a Parquet file with the columns query_id and doc_id, and a rank or score."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from listill.errors import UserError
from listill.retrieval.retriever import Retriever, RetrieverSettings
from listill.section import Text
from listill.source_files import existing, expand

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from listill.corpus.collection import Collection

log = logging.getLogger("listill")


class CandidateFile(RetrieverSettings):
    """Your own candidates of the training queries, from a file. The first `mining.depth` of each query are used."""

    kind: Literal["file"] = Field(description="your own candidates, read from a file")
    path: Text = Field(
        description="a Parquet file with the columns query_id, doc_id, and rank (1 is best) or score (higher is better); "
        "without these two, the order of the rows is that of the documents"
    )

    def files(self) -> list[str]:
        """Return the file, if it exists."""
        return existing(self.path)

    def open(
        self, name: str, collection: "Collection", embeddings: Path | None = None, model: Path | None = None
    ) -> Retriever:
        """Return the retriever over a collection; UserError if the file is wrong."""
        return FileRetriever(name, collection, expand(self.path))


class FileRetriever(Retriever):
    """Finds what a file has for a query, by the id of the query."""

    def __init__(self, name: str, collection: "Collection", path: Path) -> None:
        from listill.corpus.own_table import read_pairs

        super().__init__(name, collection)
        frame = read_pairs(path, f"mining.additional.{name}.path", ["rank", "score"], optional=["rank", "score"])
        frame["document"] = collection.positions(frame["doc_id"].tolist(), str(path))
        if "rank" in frame:
            frame = frame.sort_values("rank", kind="stable")
        elif "score" in frame:
            frame = frame.sort_values("score", ascending=False, kind="stable")
        self._path, self._rows = path, {str(query): rows for query, rows in frame.groupby("query_id")}

    def search(self, queries: Any, depth: int) -> "tuple[list[np.ndarray], list[np.ndarray]]":
        """Raise TypeError: a file has candidates of query ids, not of texts (see ``run``)."""
        raise TypeError("candidates of a file are found by the id of a query: call run")

    def run(self, query_ids: list[str], queries: Any, depth: int) -> "pd.DataFrame":
        """Return the run: query, document, rank (from 1), score (minus the rank if the file has no scores).

        Raises UserError if the file has none of the queries.
        """
        import numpy as np

        from listill.retrieval.runs import by_position, without_own_documents

        if not self._rows.keys() & set(query_ids):
            raise UserError(
                f"{self._path}: has candidates for none of the {len(query_ids)} training queries: use the query_id of "
                "queries.parquet, which the target queries makes"
            )
        documents, scores = [], []
        for query in query_ids:
            rows = self._rows.get(query)
            found = np.empty(0, np.int64) if rows is None else rows["document"].to_numpy()
            values = (
                -np.arange(1.0, len(found) + 1) if rows is None or "score" not in rows else rows["score"].to_numpy()
            )
            documents.append(found[:depth])
            scores.append(values[:depth].astype(np.float32))
        longer = sum(len(self._rows[query]) > depth for query in query_ids if query in self._rows)
        missing = sum(query not in self._rows for query in query_ids)
        log.info(
            "%s: %d queries are not in the file, %d have more than %d candidates", self.name, missing, longer, depth
        )
        run = by_position(documents, scores)
        if self.collection.topics_are_documents:
            run = without_own_documents(run, query_ids, self.collection, depth)
        return run
