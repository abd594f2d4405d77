"""The text files of a folder and of all folders below it."""

import logging
import os
from collections import Counter
from pathlib import Path

from listill.errors import UserError

log = logging.getLogger("listill")

SUFFIXES = (".txt", ".md")


def text_files(folder: Path) -> list[Path]:
    """Return the .txt and .md files (in any spelling) below ``folder``, sorted, as paths in it; hidden ones are left out.

    Links to folders are followed. A folder that is reached twice is read once, under its own name if it has one there.
    """
    return sorted(path for path in _below(folder) if path.suffix.lower() in SUFFIXES)


def log_left_out(folder: Path) -> None:
    """Log how many files of other types the folder has."""
    others = Counter(path.suffix.lower() or path.name for path in _below(folder) if path.suffix.lower() not in SUFFIXES)
    if others:
        kinds = ", ".join(f"{count} {kind}" for kind, count in others.most_common(5))
        log.warning("%s: %d files are left out, since they are not .txt or .md: %s", folder, others.total(), kinds)


def _below(folder: Path) -> list[Path]:
    """Return all entries below a folder that are not folders, as paths in it."""
    found: list[Path] = []
    read: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        links: list[Path] = []
        for root in waiting:
            for place, folders, names in os.walk(root, onerror=_refuse):
                state = os.stat(place)
                if (state.st_dev, state.st_ino) in read:
                    folders.clear()
                    continue
                read.add((state.st_dev, state.st_ino))
                here = Path(place)
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                links += [here / name for name in folders if (here / name).is_symlink()]
                found += [(here / name).relative_to(folder) for name in names if not name.startswith(".")]
        waiting = sorted(links)
    return found


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename}: cannot be read ({error.strerror}): change its permissions") from None
