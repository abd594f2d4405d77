"""Normalisation of texts that are compared for equality, and characters that ids and messages cannot have."""

import re
import unicodedata

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What a terminal would execute or show in another order: control characters but tab and line feed, bidirectional overrides,
# and halves of characters, which cannot be written.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def fold(text: str) -> str:
    """Return the text with NFKC normalisation, case folding and collapsed white space.

    Digits are kept, because versions and quantities differ in them.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def printable(text: str) -> str:
    """Return the text with its unprintable characters as escapes, for messages that quote ids and texts."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)
