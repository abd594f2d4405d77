"""The cache of restored models. A folder of it is made once, appears whole or not at all, and is verified when it is used."""

import contextlib
import fcntl
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from listill import checksums
from listill.errors import UserError

VARIABLE = "LISTILL_CACHE"
DEFAULT = "~/.cache/listill"
log = logging.getLogger("listill")


def root() -> Path:
    """Return the folder of all restored models."""
    return Path(os.environ.get(VARIABLE) or DEFAULT).expanduser().absolute() / "models"


def stored(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder ``name`` of the cache. If it is missing or damaged, ``make`` writes its files into a new folder.

    A second process waits until the first one is done. If that one is killed, it starts anew. Raises UserError if the
    cache cannot be written.
    """
    folder = root() / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = open(folder.with_name(f"{name}.lock"), "w")  # noqa: SIM115
    except OSError as error:
        raise UserError(
            f"{folder.parent}: cannot be written ({error.strerror}): set {VARIABLE} to a folder for restored models"
        ) from None
    with lock, _locked(lock.fileno(), folder):
        if folder.exists():
            if not (fault := damage(folder)):
                return folder
            log.warning("%s: %s; the folder is removed and made again", folder, fault)
            checksums.remove(folder)
        partial = folder.with_name(f"{name}.partial")
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
        partial.mkdir()
        try:
            make(partial)
        except BaseException:
            shutil.rmtree(partial)
            raise
        checksums.write_sums(partial, checksums.files_of(partial))
        partial.rename(folder)
    return folder


def damage(folder: Path) -> str | None:
    """Return what is wrong with the files of a folder, or None if they are as they were written."""
    if fault := checksums.damage(folder):
        return fault
    listed = {line.partition("  ")[2] for line in (folder / checksums.SUMS).read_text().splitlines()}
    added = [path for path in checksums.files_of(folder) if str(path.relative_to(folder)) not in listed]
    return f"{added[0].relative_to(folder)} has been changed" if added else None


@contextlib.contextmanager
def _locked(lock: int, folder: Path) -> Iterator[None]:
    """Hold a lock, which the system releases if the process is killed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("%s: waiting for another process that restores or verifies this model", folder)
        fcntl.flock(lock, fcntl.LOCK_EX)
    yield
