"""Locks on files."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from listill import locks
from listill.errors import UserError
from listill.locks import held

HOLD = (
    "import sys; from pathlib import Path; from listill.locks import held\n"
    "with held(Path(sys.argv[1]), Path('table')):\n"
    "    print('in', flush=True); sys.stdin.read()\n"
)


def holder(lock: Path) -> subprocess.Popen[str]:
    """Start a process that holds a lock until it is told to stop."""
    line = [sys.executable, "-c", HOLD, str(lock)]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    with holder(lock) as other:
        refused = pytest.raises(UserError, match=f"^table: process {other.pid} on .+ is writing it: wait for it to ")
        with refused, held(lock, Path("table")):
            raise AssertionError("the lock must refuse this")
        other.communicate("")
    with held(lock, Path("table")):
        assert lock.read_text().startswith(f"process {os.getpid()} on ")
    assert not lock.exists()


def test_the_lock_of_a_killed_process_does_not_block(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as other:
        other.kill()
    assert (tmp_path / "lock").exists()
    with held(tmp_path / "lock", Path("table")):
        pass
    assert not (tmp_path / "lock").exists()


def test_a_lock_file_that_its_holder_removed_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may open the file just before the holder removes it; it must not lock the removed file."""
    lock, flock = tmp_path / "lock", fcntl.flock
    removed = []

    def remove_first(descriptor: int, how: int) -> None:
        if not removed:
            removed.append(lock.stat().st_ino)
            lock.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with held(lock, Path("table")), open(lock) as again, pytest.raises(BlockingIOError):
        flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(descriptor: int, how: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with held(tmp_path / "lock", Path("table")), held(tmp_path / "lock", Path("table")):
        pass


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = pytest.raises(UserError, match=r"file: cannot be written \(.+\): make it writable")
    with refused, held(tmp_path / "file" / "lock", Path("table")):
        raise AssertionError("must not get here")


def test_a_process_is_alive_until_it_ends() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert locks.alive(process.pid)
    process.communicate(b"\n")
    assert not locks.alive(process.pid)
    assert locks.alive(1)  # may belong to another user
