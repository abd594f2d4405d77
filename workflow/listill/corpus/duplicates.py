"""Detection of documents with the same text."""

import hashlib
from collections.abc import Sequence

from listill.corpus.source import Document
from listill.text import fold


def duplicate_of(documents: Sequence[Document]) -> list[str | None]:
    """Return the doc_id of the first document with the same text, for each document; None for the first itself.

    Titles are ignored: copies of a passage often have a different title (a file name, a site's name) or none, and a
    passage answers a query under any title. Documents without text are compared by title.
    """
    first_by_digest: dict[bytes, str] = {}
    originals: list[str | None] = []
    for document in documents:
        # Keys are digests, because the folded texts would take as much memory as the corpus.
        text = fold(document.text) or f"\0{fold(document.title or '')}"
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        first = first_by_digest.setdefault(digest, document.doc_id)
        originals.append(None if first == document.doc_id else first)
    return originals
