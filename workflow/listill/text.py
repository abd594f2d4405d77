"""Normalisation of texts that are compared for equality."""

import unicodedata


def fold(text: str) -> str:
    """Return the text with NFKC normalisation, case folding and collapsed white space.

    Digits are kept, because versions and quantities differ in them.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
