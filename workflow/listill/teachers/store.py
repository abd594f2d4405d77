"""The store of scores: what a teacher has scored once, no later run scores again.

The scores of a teacher are in a folder of their own, whose name is a digest of everything that they depend on besides
the texts (see ``Teacher.basis``); about.json in it holds this in full. A file of the folder holds the scores of one part
and never changes. Its name is the checksum of its content: processes that run at the same time need no lock, and a
damaged file is detected. Looking up and storing take a few seconds per million pairs.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from listill import tables
from listill.checksums import discard, make_folder
from listill.families import member_files
from listill.frozen import canonical
from listill.source_files import checksum
from listill.teachers.resources import Resources
from listill.teachers.teacher import Teacher

# The content of a file: the key of each pair, and its score. 20 bytes a pair.
RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("score", "<f4")])
SUFFIX = ".scores"


class ScoreStore:
    """The stored scores of one teacher, in a subfolder of ``root``; ``about`` says what they depend on."""

    def __init__(self, root: Path, about: Mapping[str, Any]) -> None:
        self.about = dict(about)
        self.folder = root / tables.digest(canonical(self.about))

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Return the stored scores (float32 [n]) of sorted distinct keys (uint64 [2, n]); NaN for those that are new.

        One file is in memory at a time.
        """
        scores = np.full(keys.shape[1], np.nan, dtype=np.float32)
        high, low = np.ascontiguousarray(keys[0]), np.ascontiguousarray(keys[1])
        if not len(high):
            return scores
        for part in self._parts():
            found = np.searchsorted(high, np.ascontiguousarray(part["high"])).clip(max=len(high) - 1)
            same = (high[found] == part["high"]) & (low[found] == part["low"])
            scores[found[same]] = part["score"][same]
        return scores

    def add(self, keys: np.ndarray, scores: np.ndarray) -> None:
        """Store the scores (float32 [n]) of these keys (uint64 [2, n]); the file is written whole or not at all."""
        make_folder(self.folder)
        if not (self.folder / "about.json").exists():
            _write(self.folder / "about.json", json.dumps(self.about, indent=1, sort_keys=True).encode())
        part = np.empty(len(scores), dtype=RECORD)
        part["high"], part["low"], part["score"] = *keys, scores
        content = part[np.argsort(part["high"])].tobytes()  # sorted keys are looked up faster
        _write(self.folder / f"{_checksum(content)}{SUFFIX}", content)

    def _parts(self) -> Iterator[np.ndarray]:
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # another process has found it damaged
                continue
            except OSError:  # a folder, or a file that cannot be read
                content = b""
            if _checksum(content) == path.stem:
                yield np.frombuffer(content, dtype=RECORD)
            else:
                discard(path, "its pairs are scored again")


def open_stores(
    root: Path, members: Mapping[str, Teacher], models: Mapping[str, str], resources: Resources
) -> dict[str, ScoreStore]:
    """Return the store of each teacher, keyed by its name.

    ``root`` is the folder of all stores, and ``models`` are the identities of the teachers' models (see
    ``identities``).
    """
    return {name: ScoreStore(root, _about(member, models.get(name), resources)) for name, member in members.items()}


def _about(member: Teacher, model: str | None, resources: Resources) -> dict[str, Any]:
    """Return what the scores of a teacher depend on besides the texts, as plain data."""
    # The identity of a model covers its files.
    files = [*member_files("teachers", member.kind), *([] if model else member.files())]
    return {
        "settings": member.basis(resources),
        "version": member.version,
        "model": model,
        "files": [checksum(Path(file)) for file in files],
    }


def _write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    # A process on another node takes our temporary file for one that was left behind, and removes it, if it writes the
    # same file at the same time. Its file has the same content.
    with contextlib.suppress(FileNotFoundError), tables.atomic(path) as temporary:
        temporary.write_bytes(content)


def _checksum(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
