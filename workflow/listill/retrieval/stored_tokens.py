"""Store and load the tokens of a whole corpus, as produced by the tokenizer of one model."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval.tokens import Tokens
from listill.schemas import SCHEMAS
from listill.strings import Strings

PART = 8192  # documents per row group


def load(path: Path, collection: Collection) -> Tokens:
    """Return the tokens of all documents in the order of the collection."""
    table = tables.read_arrow(path, "tokens")
    if Strings(table["doc_id"]) != collection.doc_ids:
        raise UserError(f"{path}: its documents differ from those of the corpus; encode the corpus again")
    suffix = tables.details(path).get("suffix")
    if not isinstance(suffix, int):
        raise UserError(f"{path}: its metadata have no `suffix`, the number of special tokens: encode the corpus again")
    # NumPy combines the chunks: a list array of Arrow holds at most 2**31 numbers.
    token_ids, lengths = [], []
    for chunk in table["tokens"].chunks:
        token_ids.append(chunk.flatten().to_numpy())
        lengths.append(np.diff(chunk.offsets.to_numpy()).astype(np.int64))
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Tokens(np.concatenate(token_ids), starts, suffix)


def as_table(doc_ids: Iterable[str], tokens: Tokens) -> pa.Table:
    """Return the tokens as a table."""
    rows = pa.ListArray.from_arrays(pa.array(tokens.starts.astype(np.int32)), pa.array(tokens.ids))
    return pa.table({"doc_id": Strings.of(doc_ids).column, "tokens": rows}).cast(SCHEMAS["tokens"])


def in_parts(tokens: Tokens, collection: Collection) -> Iterator[pa.Table]:
    """Yield the tokens of all documents as tables, part by part."""
    for start in range(0, len(collection), PART):
        positions = np.arange(start, min(start + PART, len(collection)))
        yield as_table(collection.doc_ids[start : start + PART], tokens.take(positions))
