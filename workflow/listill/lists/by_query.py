"""A table by blocks of queries: only the rows of some queries are in memory."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from listill import tables

# Queries per block. With 200 candidates and three teachers, a block has 2.5 million scores.
BLOCK = 4096


class ByQuery:
    """The rows of a table for ``query_ids``, in blocks of ``BLOCK`` queries in this order.

    A row group is read for each block that has rows in it. The stages write their tables query by query, so these are a few
    row groups of each table; a table in any other order is read as a whole for every block.
    """

    def __init__(self, path: Path, name: str, query_ids: Sequence[str], columns: list[str]) -> None:
        self._path, self._name, self._columns = path, name, columns
        self._blocks = [pa.array(query_ids[start : start + BLOCK]) for start in range(0, len(query_ids), BLOCK)]
        block_of = {query_id: i // BLOCK for i, query_id in enumerate(query_ids)}
        self._groups: list[list[int]] = [[] for _ in self._blocks]
        for group, table in enumerate(tables.read_groups(path, name, ["query_id"])):
            known = (block_of.get(query_id) for query_id in table["query_id"].unique().to_pylist())
            for block in {block for block in known if block is not None}:
                self._groups[block].append(group)

    def rows(self, block: int) -> pd.DataFrame:
        """Return the rows of the queries of a block, in the order of the file."""
        groups = tables.read_groups(self._path, self._name, self._columns, self._groups[block])
        wanted = self._blocks[block]
        parts = [group.filter(pc.is_in(group["query_id"], wanted)) for group in groups]
        if not parts:
            parts = [tables.empty(self._name, self._columns)]
        return pa.concat_tables(parts).to_pandas()
