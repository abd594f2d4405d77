"""The shares of a stage's work, which jobs of their own do at the same time, such as ``2-of-4``."""

import re
from pathlib import Path

from listill.errors import UserError


def names(shares: int) -> list[str]:
    """Return the names of all shares."""
    return [f"{number}-of-{shares}" for number in range(1, shares + 1)]


def share_of(out: Path) -> slice:
    """Return which parts of the work belong to the share that the name of ``out`` tells: every fourth one, for example.

    Raises UserError if the name is not that of a share.
    """
    if found := re.fullmatch(r"(\d+)-of-(\d+)", out.stem):
        number, shares = map(int, found.groups())
        if 1 <= number <= shares:
            return slice(number - 1, None, shares)
    raise UserError(f"{out}: its name is not that of a share: call it 1-of-4.done, for example, for the first of four")
