"""The user's own queries, from a Parquet file with at least query_id, text and doc_id."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.errors import UserError
from listill.queries.generator import Generator
from listill.source_files import checksum, existing, expand

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection

NEEDED = ("query_id", "text", "doc_id")


class Own(Generator):
    """Queries from a file of the user's: at least query_id, text and doc_id (the passage that answers it)."""

    kind: Literal["file"] = Field(description="read from a file of your own")
    path: str = Field(
        description="a Parquet file with the columns of queries.parquet that it has; the rest is filled in"
    )

    def files(self) -> list[str]:
        """Return the file, if it exists."""
        return existing(self.path)

    def checksum(self) -> str:
        """Return the checksum of the file."""
        return checksum(expand(self.path))

    def generate(self, collection: "Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return the file's queries; columns that it lacks are filled in (type ``own``). A ``split`` column is kept."""
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
        if missing := [column for column in NEEDED if column not in table.column_names]:
            raise UserError(f"{path}: column '{missing[0]}' is missing; own queries need {', '.join(NEEDED)}")
        frame = table.to_pandas()
        for column in NEEDED:
            if (empty := frame[column].isna()).any():
                raise UserError(f"{path}: row {empty.argmax() + 1}: {column} is empty")
        frame[list(NEEDED)] = frame[list(NEEDED)].astype(str)
        if (repeated := frame["query_id"].duplicated()).any():
            raise UserError(f"{path}: query_id '{frame.loc[repeated, 'query_id'].iloc[0]}' stands twice")
        collection.positions(frame["doc_id"].tolist(), str(path))
        fill = {"type": "own", "generator": "file", "prompt": None, "seed": seed, "finish_reason": None}
        for column, value in {**fill, "start": pd.NA, "end": pd.NA}.items():
            if column not in frame:
                frame[column] = value
        keep = [column for column in SCHEMAS["queries"].names if column in frame]
        return frame[keep].astype({"start": "Int32", "end": "Int32"})
