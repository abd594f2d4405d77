"""Texts as they are compared for equality."""

import unicodedata


def fold(text: str) -> str:
    """Return the text after NFKC normalisation, case folding and collapsing of white space.

    Digits stay as they are: versions and quantities differ by them.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
