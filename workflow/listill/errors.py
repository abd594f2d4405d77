"""The one exception that users are meant to see."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something that the user can mend; its text is one line that names the place and the remedy."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known word most like ``word``, or an empty string."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{match[0]}'?)" if match else ""
