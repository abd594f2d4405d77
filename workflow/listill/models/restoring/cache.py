"""The cache of restored models. A folder of it is made once, appears whole or not at all, and is verified when it is used."""

import contextlib
import fcntl
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from listill.errors import UserError
from listill.source_files import checksum

VARIABLE = "LISTILL_CACHE"
DEFAULT = "~/.cache/listill"
SUMS = "SHA256SUMS"  # in the format of sha256sum
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
            shutil.rmtree(folder)
        partial = folder.with_name(f"{name}.partial")
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
        partial.mkdir()
        try:
            make(partial)
        except BaseException:
            shutil.rmtree(partial)
            raise
        sums = "".join(f"{checksum(path)}  {path.relative_to(partial)}\n" for path in _files(partial))
        (partial / SUMS).write_text(sums)
        partial.rename(folder)
    return folder


def damage(folder: Path) -> str | None:
    """Return what is wrong with the files of a folder, or None if they are as they were written."""
    if not (folder / SUMS).exists():
        return f"{SUMS} is missing"
    stated = {name: stated for stated, _, name in map(_parts, (folder / SUMS).read_text().splitlines())}
    present = {str(path.relative_to(folder)): path for path in _files(folder)}
    for name in sorted({*stated, *present}):
        if name not in present:
            return f"{name} is missing"
        if stated.get(name) != checksum(present[name]):
            return f"{name} has been changed"
    return None


def _parts(line: str) -> tuple[str, str, str]:
    return line.partition("  ")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / SUMS)


@contextlib.contextmanager
def _locked(lock: int, folder: Path) -> Iterator[None]:
    """Hold a lock, which the system releases if the process is killed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("%s: waiting for another process that restores or verifies this model", folder)
        fcntl.flock(lock, fcntl.LOCK_EX)
    yield
