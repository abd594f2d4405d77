"""Detection of documents with the same text."""

import hashlib
from itertools import islice

import numpy as np

from listill.corpus.documents import Documents
from listill.strings import BLOCK
from listill.text import fold

DIGEST = np.dtype([("first", "<u8"), ("last", "<u8")])


def first_with_same_text(documents: Documents) -> np.ndarray:
    """Return the position of the first document with the same text, for each document (int64 [n]).

    Titles are ignored: copies of a passage often have a different title (a file name, a site's name) or none, and a
    passage answers a query under any title. Documents without text are compared by title.
    """
    digests = _digests(documents)
    order = np.lexsort((digests["last"], digests["first"]))  # equal digests keep their order
    ordered = digests[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    return first


def _digests(documents: Documents) -> np.ndarray:
    """Return a digest of the folded text of each document: the texts themselves would take as much memory as the corpus."""
    rows, blocks = iter(documents), [b""]
    while block := list(islice(rows, BLOCK)):
        blocks.append(b"".join(_digest(text, title) for _, title, text in block))
    return np.frombuffer(b"".join(blocks), dtype=DIGEST)


def _digest(text: str, title: str | None) -> bytes:
    folded = fold(text) or f"\0{fold(title or '')}"
    return hashlib.blake2b(folded.encode(), digest_size=DIGEST.itemsize).digest()
