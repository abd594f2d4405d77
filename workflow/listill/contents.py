"""The contents of the user's files, which decide whether a stage runs again: neither their dates nor their places do."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from listill.source_files import checksum

# Contents that were computed before, by the state of their files. Several runs may write it: the last one wins.
MEMORY = Path(".snakemake/listill.contents.json")
REMEMBERED = 1000
# A file that is changed twice within the resolution of its dates looks unchanged the second time.
SETTLED_SECONDS = 2.0


def contents(files: Sequence[str]) -> str:
    """Return one digest of the content of all files and of their names.

    Names are relative to the folder that holds all files. A folder among the files has no content, but belongs to these.
    """
    return _digest([name, _content(Path(file))] for name, file in _named(files))


def remembered(files: Sequence[str], memory: Path = MEMORY) -> str:
    """Return ``contents(files)``; files are read again only if their size, dates or place on the disk have changed."""
    states = [(name, _state(Path(file))) for name, file in _named(files)]
    key = _digest([name, str(state)] for name, state in states)
    known = _load(memory)
    if key not in known:
        known[key] = contents(files)
        newest = max((date for _, state in states for date in state[1:3]), default=0)
        if newest < (time.time() - SETTLED_SECONDS) * 1e9:
            _store(memory, known)
    return known[key]


def _named(files: Sequence[str]) -> list[tuple[str, str]]:
    if not files:
        return []
    folder = os.path.commonpath([file if os.path.isdir(file) else os.path.dirname(file) for file in map(_full, files)])
    return sorted((os.path.relpath(_full(file), folder), file) for file in files)


def _full(file: str) -> str:
    return os.path.abspath(file)


def _digest(parts: Iterable[Sequence[str]]) -> str:
    return hashlib.sha256(json.dumps([list(part) for part in parts]).encode()).hexdigest()


def _content(file: Path) -> str:
    """Return the checksum of a file; of what cannot be read, the stage says what is wrong."""
    try:
        return checksum(file) if file.is_file() else ""
    except OSError:
        return ""


def _state(file: Path) -> tuple[int, ...]:
    """Return the size, the dates and the place of a file; the date of its last change of any kind cannot be set by hand."""
    try:
        state = file.stat()
    except OSError:
        return ()
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino, state.st_dev


def _load(memory: Path) -> dict[str, str]:
    try:
        known = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _store(memory: Path, known: dict[str, str]) -> None:
    """Write the latest contents; without them, files are only read again."""
    temporary = memory.with_name(f"{memory.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        memory.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps(dict(list(known.items())[-REMEMBERED:])))
        os.replace(temporary, memory)
