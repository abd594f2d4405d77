"""Tokens of a whole corpus on disk, as one model's tokenizer makes them."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval.tokens import Tokens


def load(path: Path, collection: Collection) -> Tokens:
    """Return the tokens of all documents, in the order of the collection."""
    table = tables.read_arrow(path, "tokens")
    if table["doc_id"].to_pylist() != collection.doc_ids:
        raise UserError(f"{path}: its documents are not those of the corpus; encode the corpus again")
    rows = table["tokens"].combine_chunks()
    starts = rows.offsets.to_numpy().astype(np.int64)
    suffix = int(tables.provenance(path).details["suffix"])
    return Tokens(rows.values.to_numpy(), starts, suffix)


def as_table(doc_ids: list[str], tokens: Tokens) -> pa.Table:
    """Return a table of tokens."""
    rows = pa.ListArray.from_arrays(pa.array(tokens.starts.astype(np.int32)), pa.array(tokens.ids))
    return pa.table({"doc_id": pa.array(doc_ids), "tokens": rows}, schema=tables.SCHEMAS["tokens"])
