"""Store and load the embeddings of a whole corpus."""

import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from listill import arrays, checksums, tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.progress import Whole
from listill.retrieval.encoder import Encoder
from listill.retrieval.search import check_finite
from listill.retrieval.tokens import Tokens
from listill.strings import Strings
from listill.tables import Provenance

# Embeddings that take more bytes are mapped from a file.
MAPPED = 1 << 28
# Documents per part. An interruption loses at most the embeddings of one part.
PART = 8192


def load(path: Path, collection: Collection) -> np.ndarray:
    """Return the float32 embeddings [documents, d] in the order of the collection.

    Large ones are mapped from a file: pages are read when they are used, and all processes of a machine share them. The
    file ``.<name>.<checksum>.npy`` beside the table is written when it is first needed, and may be removed at any time.
    """
    ids = Strings(tables.read_arrow(path, "embeddings", ["doc_id"])["doc_id"])
    if ids != collection.doc_ids:
        raise UserError(f"{path}: its documents differ from those of the corpus; encode the corpus again")
    parts = _parts(path)
    first = next(parts, np.empty((0, 0), np.float32))
    shape = (len(collection), first.shape[1])
    parts = itertools.chain([first], parts)
    if math.prod(shape) * first.itemsize <= MAPPED:
        return np.concatenate(list(parts))
    file = path.with_name(f".{path.stem}.{tables.content_id(path)}.npy")
    if not checksums.usable(file):
        for outdated in path.parent.glob(f".{path.stem}.*.npy"):
            outdated.unlink(missing_ok=True)
        arrays.write_rows(file, shape, parts)
    return arrays.mapped(file)


def _parts(path: Path) -> Iterator[np.ndarray]:
    """Yield the embeddings of each row group; UserError if they have different dimensions."""
    dimension = None
    for table in tables.read_groups(path, "embeddings", ["embedding"]):
        for chunk in table["embedding"].chunks:
            lengths = np.diff(chunk.offsets.to_numpy())
            dimension = int(lengths[0]) if dimension is None and len(lengths) else dimension
            if (lengths != dimension).any():
                raise UserError(f"{path}: its embeddings have different dimensions; encode the corpus again")
            yield chunk.flatten().to_numpy(zero_copy_only=False).reshape(len(chunk), dimension)


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
            part = work / f"{start}.npy"
            if checksums.usable(part):
                whole.skip(min(PART, len(tokens) - start))
            else:
                _encode_part(encoder, tokens.take(np.arange(start, min(start + PART, len(tokens)))), part, label)
            yield np.load(part)


def encode_share(encoder: Encoder, collection: Collection, work: Path, label: str, share: slice) -> None:
    """Encode the parts of the documents that are in ``share``, such as every fourth one, unless ``work`` has them.

    The parts of all shares are those of ``encode_parts``. Raises NotFinite if an embedding is not finite.
    """
    parts = {start: work / f"{start}.npy" for start in range(0, len(collection), PART)[share]}
    new = {start: part for start, part in parts.items() if not checksums.usable(part)}
    with Whole(sum(min(PART, len(collection) - start) for start in new), "texts"):
        for start, part in new.items():
            texts = list(collection.all_rendered(start, start + PART))
            _encode_part(encoder, encoder.tokenise(texts, "document"), part, label)


def _encode_part(encoder: Encoder, tokens: Tokens, part: Path, label: str) -> None:
    embeddings = encoder.encode(tokens, "document", label)
    check_finite(embeddings)
    arrays.write(part, embeddings)


def encode(encoder: Encoder, tokens: Tokens, work: Path, label: str) -> np.ndarray:
    """Return the embeddings [documents, d] of all documents; see ``encode_parts``. Large ones are mapped, as in ``load``."""
    parts, shape = encode_parts(encoder, tokens, work, label), (len(tokens), encoder.dimension)
    if 4 * math.prod(shape) <= MAPPED:
        return np.concatenate(list(parts))
    arrays.write_rows(work / "all.npy", shape, parts)
    return arrays.mapped(work / "all.npy")


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
