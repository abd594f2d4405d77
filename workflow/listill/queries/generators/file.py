"""The user's own queries, from a Parquet file with at least the columns query_id, text and doc_id."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.errors import UserError
from listill.queries.generator import Generator
from listill.source_files import checksum, existing, expand

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection

REQUIRED = ("query_id", "text", "doc_id")


class QueryFile(Generator):
    """Your own queries, from a file with at least the columns query_id, text and doc_id (the source passage)."""

    kind: Literal["file"] = Field(description="your own queries, read from a file")
    path: str = Field(
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
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        from listill.schemas import SCHEMAS

        path = expand(self.path)
        try:
            table = pq.read_table(path)
        except FileNotFoundError:
            raise UserError(f"generation.generator.path: {path}: no such file") from None
        except pa.ArrowInvalid as error:
            raise UserError(f"{path}: not a Parquet file: {error}") from None
        if missing := [column for column in REQUIRED if column not in table.column_names]:
            raise UserError(f"{path}: column '{missing[0]}' is missing: required columns are {', '.join(REQUIRED)}")
        frame = table.to_pandas()
        for column in REQUIRED:
            if (empty := frame[column].isna()).any():
                raise UserError(f"{path}: row {empty.argmax() + 1}: {column} is empty: fill it in or remove the row")
        frame[list(REQUIRED)] = frame[list(REQUIRED)].astype(str)
        if (repeated := frame["query_id"].duplicated()).any():
            name = frame.loc[repeated, "query_id"].iloc[0]
            raise UserError(f"{path}: duplicate query_id '{name}': ids must be unique")
        collection.positions(frame["doc_id"].tolist(), str(path))
        defaults = {"type": "own", "generator": "file", "prompt": None, "seed": seed, "finish_reason": None}
        for column, value in {**defaults, "start": pd.NA, "end": pd.NA}.items():
            if column not in frame:
                frame[column] = value
        columns = [column for column in SCHEMAS["queries"].names if column in frame]
        return frame[columns].astype({"start": "Int32", "end": "Int32"})
