"""The exception that users see as a message."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something that the user can fix; its text is one line that names the place and the fix."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known word that is most similar to ``word``, or an empty string."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean '{match[0]}'?)" if match else ""
