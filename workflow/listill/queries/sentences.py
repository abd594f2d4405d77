"""Split a passage into sentences with their positions."""

import itertools
import re

# A sentence ends at . ! ? before a capital, digit, quote or bracket, or at an empty line. A sentence may be split at an
# abbreviation; a query from half a sentence does less harm than a dependency on a model that has to be downloaded.
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n\s*\n")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence in ``text``, without white space at the ends."""
    edges = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    spans = []
    for start, end in itertools.pairwise(edges):
        inner = text[start:end].strip()
        if inner:
            first = text.index(inner, start)
            spans.append((first, first + len(inner)))
    return spans


def words(text: str) -> list[str]:
    """Return the words of ``text``, separated by white space."""
    return text.split()
