"""Split a passage into sentences with their positions, by the punctuation of most scripts."""

from itertools import pairwise

import regex

# A sentence may be split at an abbreviation; a query from half a sentence does less harm than a dependency on a model
# that has to be downloaded.
_STOP = r"[.!?](?:[\"')\]“]|\s?[»›])*\s+"
_OPENING = r"(?:[\"'(\[„¿¡]?|[«‹]\s?)"
# After these a sentence ends without a blank, too: Chinese and Japanese, Hindi, Arabic, Urdu, Amharic, Armenian, Burmese
# and Khmer stops.
_FULL_STOP = r"[。！？｡।॥؟۔።։။។]+[\"')\]”’»」』）】》〉]*\s*"
# Thai and Lao have no stops: a blank separates sentences and clauses.
_BLANK = r"(?<=[\p{Thai}\p{Lao}])\s+(?=[\p{Thai}\p{Lao}])"
_EMPTY_LINE = r"\n\s*\n"
_OTHERS = f"{_FULL_STOP}|{_BLANK}|{_EMPTY_LINE}"
# After . ! ? a sentence begins with a capital, a digit, or a letter of a script without capitals.
_END = regex.compile(rf"{_STOP}(?={_OPENING}[\p{{Lu}}\p{{Lt}}\p{{Lo}}\p{{Nd}}])|{_OTHERS}")
_END_WITHOUT_CAPITALS = regex.compile(rf"{_STOP}(?={_OPENING}[\p{{L}}\p{{Nd}}])|{_OTHERS}")
_CAPITAL = regex.compile(rf"(?:^\s*|{_STOP}){_OPENING}[\p{{Lu}}\p{{Lt}}]")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence in ``text``, without white space at the ends.

    If no sentence begins with a capital, the text is taken to be written without them.
    """
    pattern = _END if _CAPITAL.search(text) else _END_WITHOUT_CAPITALS
    edges = [0, *(match.end() for match in pattern.finditer(text)), len(text)]
    found = []
    for start, end in pairwise(edges):
        part = text[start:end]
        if inner := part.strip():
            first = start + part.index(inner[0])
            found.append((first, first + len(inner)))
    return found
