"""The user's own queries, from a Parquet file with at least the columns query_id, text and doc_id."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.queries.generator import Generator
from listill.section import Text
from listill.source_files import checksum, existing, expand

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection


class QueryFile(Generator):
    """Your own queries, from a file with at least the columns query_id, text and doc_id (the source passage)."""

    kind: Literal["file"] = Field(description="your own queries, read from a file")
    path: Text = Field(
        description="a Parquet file with columns of queries.parquet; missing optional columns get default values"
    )

    def files(self) -> list[str]:
        """Return the file, if it exists."""
        return existing(self.path)

    def checksum(self) -> str:
        """Return the checksum of the file."""
        return checksum(expand(self.path))

    def generate(self, collection: "Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return the queries of the file.

        Missing optional columns get default values (type ``own``). A ``split`` column is kept.
        """
        from listill.queries.own import own_queries

        return own_queries(expand(self.path), collection, seed)
