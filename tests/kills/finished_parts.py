"""The finished parts of interrupted stages: each is whole, and none is made again before its stage has succeeded."""

import contextlib
import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from listill import checksums
from listill.queries.answers import CHECKSUM, _line
from listill.teachers.store import RECORD, SUFFIX

Version = tuple[int, int]


@dataclass
class Parts:
    """What a stage has finished so far.

    ``files`` are the versions (inode and time in ns) of encoded parts and stored scores, ``steps`` the training step of each
    checkpoint, ``answers`` the ids of the answered requests, by file. ``folders`` has the inodes of the folders of parts.
    """

    files: dict[Path, Version] = field(default_factory=dict)
    steps: dict[Path, int] = field(default_factory=dict)
    answers: dict[Path, set[str]] = field(default_factory=dict)
    folders: dict[Path, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of encoded parts, stored scores, checkpoints and answers."""
        return len(self.files) + len(self.steps) + sum(map(len, self.answers.values()))

    def stored(self) -> "Parts":
        """Return those that stay after the stage has succeeded: the teachers' scores."""
        return Parts({path: version for path, version in self.files.items() if path.suffix == SUFFIX})

    def needed(self) -> "Parts":
        """Return those whose folder is still there: it is removed when the stage has succeeded.

        A stage that outlives a killed Snakemake may succeed; Snakemake then has it made again, with a new folder.
        """
        there = {folder for folder, inode in self.folders.items() if folder.exists() and folder.stat().st_ino == inode}
        kinds = (self.files, self.steps, self.answers)
        return Parts(*({path: value for path, value in kind.items() if path.parent in there} for kind in kinds))  # type: ignore[arg-type]


def read(folder: Path) -> Parts:
    """Return the finished parts below ``folder``; an AssertionError names one that is not whole, or scores a pair twice.

    A stage at work may remove its parts meanwhile, since it has succeeded.
    """
    parts = Parts()
    for path in sorted(folder.glob("results/*/.work/*/*")):
        with contextlib.suppress(FileNotFoundError):
            parts.folders[path.parent] = path.parent.stat().st_ino
            if path.suffix == ".npy":
                assert whole(path), f"{path} is only a half part"
                parts.files[path] = version(path)
            elif path.name == "checkpoint.pt":
                assert whole(path), f"{path} is only a half checkpoint"
                parts.steps[path] = step(path)
            elif path.name == "answers.jsonl":
                parts.answers[path] = answered(path)
    for store in sorted(folder.glob("results/*/.scores/*/*")):
        pairs: set[tuple[int, int]] = set()
        for path in sorted(store.glob(f"*{SUFFIX}")):
            content = path.read_bytes()
            intact = hashlib.blake2b(content, digest_size=16).hexdigest() == path.stem
            assert intact, f"{path} is only half of some scores"
            records = np.frombuffer(content, dtype=RECORD)
            parts.folders[store] = store.stat().st_ino
            keys = set(zip(records["high"].tolist(), records["low"].tolist(), strict=True))
            assert not keys & pairs, f"{path}: {len(keys & pairs)} of its pairs have been scored before"
            pairs |= keys
            parts.files[path] = version(path)
    return parts


def whole(path: Path) -> bool:
    """Tell whether a sealed file is intact; unlike ``checksums.usable``, it removes nothing."""
    content = path.read_bytes()
    size = len(content) - checksums.SIZE
    return size >= 0 and checksums._crc(io.BytesIO(content), 0, size) == int.from_bytes(content[size:], "little")


def version(path: Path) -> Version:
    """Return what differs if a file is written again."""
    about = path.stat()
    return about.st_ino, about.st_mtime_ns


def step(checkpoint: Path) -> int:
    """Return the training step of a checkpoint."""
    import torch

    return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["state"]["step"])


def answered(path: Path) -> set[str]:
    """Return the ids of the requests whose answers are stored in a file; the last line may be incomplete."""
    found: set[str] = set()
    *lines, _ = path.read_bytes().split(b"\n")
    for line in lines:
        assert line == _line(line[CHECKSUM:]), f"{path} has a damaged line"
        ids = [row["query_id"] for row in json.loads(line[CHECKSUM:])]
        assert not found & set(ids), f"{path}: {found & set(ids)} answered twice"
        found.update(ids)
    return found


def check_kept(before: Parts, after: Parts) -> None:
    """Raise AssertionError if something that was finished ``before`` has been made again, or is gone."""
    for path, old in before.files.items():
        assert path in after.files, f"{path} was finished, and is gone"
        assert after.files[path] == old, f"{path} was finished, and has been made again"
    for path, old_step in before.steps.items():
        assert after.steps.get(path, -1) >= old_step, f"{path}: step {old_step} was done, now {after.steps.get(path)}"
    for path, old_ids in before.answers.items():
        lost = old_ids - after.answers.get(path, set())
        assert not lost, f"{path}: {sorted(lost)[:3]} were answered, and are gone"


def copy_of(folder: Path) -> dict[Path, bytes]:
    """Return the teachers' stored scores."""
    found = [path for path in folder.glob("results/*/.scores/**/*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in found}


def restore(folder: Path, scores: dict[Path, bytes]) -> None:
    """Replace the teachers' stored scores by those that were there before."""
    for path in folder.glob("results/*/.scores/**/*"):
        if path.is_file() and path.relative_to(folder) not in scores:
            path.unlink()
    for name, content in scores.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if (folder / name).read_bytes() == content:
                continue
        (folder / name).write_bytes(content)
