"""Store and load the embeddings of a whole corpus."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from listill import checksums, tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.progress import Whole
from listill.retrieval.encoder import Encoder
from listill.retrieval.search import check_finite
from listill.retrieval.tokens import Tokens
from listill.strings import Strings
from listill.tables import Provenance

# Documents per part. An interruption loses at most the embeddings of one part.
PART = 8192


def load(path: Path, collection: Collection) -> np.ndarray:
    """Return the float32 embeddings [documents, d] in the order of the collection."""
    table = tables.read_arrow(path, "embeddings")
    if Strings(table["doc_id"]) != collection.doc_ids:
        raise UserError(f"{path}: its documents differ from those of the corpus; encode the corpus again")
    # NumPy combines the chunks: a list array of Arrow holds at most 2**31 numbers (2.8 million documents of 768).
    chunks = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in table["embedding"].chunks]
    lengths = np.concatenate([np.diff(chunk.offsets.to_numpy()) for chunk in table["embedding"].chunks])
    if (lengths != lengths[0]).any():
        raise UserError(f"{path}: its embeddings have different dimensions; encode the corpus again")
    return np.concatenate(chunks).reshape(len(collection), -1)


def load_named(paths: list[Path], collection: Collection) -> dict[str, np.ndarray]:
    """Return the embeddings in several files, keyed by file name without suffix (``minilm`` for minilm.parquet)."""
    return {path.stem: load(path, collection) for path in paths}


def as_table(doc_ids: Iterable[str], embeddings: np.ndarray) -> pa.Table:
    """Return the embeddings [n, d] as a table."""
    offsets = np.arange(len(embeddings) + 1, dtype=np.int32) * embeddings.shape[1]
    vectors = pa.ListArray.from_arrays(pa.array(offsets), pa.array(embeddings.reshape(-1)))
    return tables.as_table("embeddings", pa.table({"doc_id": Strings.of(doc_ids).column, "embedding": vectors}))


def encode_parts(encoder: Encoder, tokens: Tokens, work: Path, label: str) -> Iterator[np.ndarray]:
    """Yield the embeddings of all documents part by part. Intact parts in ``work`` are reused.

    ``tokens`` are the tokens of the documents, in the order of the collection. Raises NotFinite if an embedding is not
    finite.
    """
    with Whole(len(tokens), "texts") as whole:
        for start in range(0, len(tokens), PART):
            positions = np.arange(start, min(start + PART, len(tokens)))
            part = work / f"{start}.npy"
            if checksums.usable(part):
                whole.skip(len(positions))
            else:
                embeddings = encoder.encode(tokens.take(positions), "document", label)
                check_finite(embeddings)
                tables.write_array(part, embeddings)
            yield np.load(part)


def encode(encoder: Encoder, tokens: Tokens, work: Path, label: str) -> np.ndarray:
    """Return the embeddings [documents, d] of all documents; see ``encode_parts``."""
    return np.concatenate(list(encode_parts(encoder, tokens, work, label)))


def in_parts(parts: Iterable[np.ndarray], collection: Collection) -> Iterator[pa.Table]:
    """Yield the embeddings of all documents, given in any parts, as tables."""
    start = 0
    for part in parts:
        yield as_table(collection.doc_ids[start : start + len(part)], part)
        start += len(part)


def write(path: Path, embeddings: np.ndarray, collection: Collection, about: Provenance) -> None:
    """Write the embeddings [documents, d] of the whole corpus."""
    parts = (embeddings[start : start + PART] for start in range(0, len(embeddings), PART))
    with tables.writer(path, "embeddings", about) as table:
        for part in in_parts(parts, collection):
            table.write_table(part)
