"""Groups of documents with the same text."""

import hashlib
from collections.abc import Sequence

from listill.corpus.source import Document
from listill.text import fold


def duplicate_of(documents: Sequence[Document]) -> list[str | None]:
    """Return for each document the doc_id of its group's first, None for those that are first or alone.

    Titles do not count: copies of a passage often carry another title (a file name, a site's) or none, and an answer is
    an answer under any title. Where there is no text, the title is all that there is to compare.
    """
    first: dict[bytes, str] = {}
    found: list[str | None] = []
    for document in documents:
        # Digests rather than the texts, which would stand in memory a second time.
        text = fold(document.text) or f"\0{fold(document.title or '')}"
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        twin = first.setdefault(key, document.doc_id)
        found.append(None if twin == document.doc_id else twin)
    return found
