"""Locks that keep a second process out. They end with their process, so a killed one leaves none behind."""

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from listill.errors import UserError

# What the system answers if another process holds a lock; network file systems may say EACCES. Any other error means that
# the file system has no locks.
HELD = (errno.EAGAIN, errno.EACCES)


@contextlib.contextmanager
def held(lock: Path, what: Path) -> Iterator[None]:
    """Hold the lock file ``lock``, and remove it at the end. A UserError says which process holds it already.

    ``what`` is the file or folder that the lock is for. On a file system without locks, nobody is kept out.
    """
    try:
        descriptor = _locked(lock, what)
    except OSError as error:
        raise UserError(
            f"{lock.parent}: cannot be written ({error.strerror}): make it writable, or choose another folder"
        ) from None
    try:
        with contextlib.suppress(OSError):  # a full disk
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        lock.unlink(missing_ok=True)  # before it is released: a process that opened it in time sees that it is gone
        os.close(descriptor)


def _locked(lock: Path, what: Path) -> int:
    """Return the open and locked lock file."""
    while True:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in HELD:
                holder = os.read(descriptor, 200).decode(errors="replace") or "another process"
                os.close(descriptor)
                raise UserError(f"{what}: {holder} is writing it: wait for it to finish, or stop it") from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), lock.stat()):
                return descriptor
        os.close(descriptor)  # the process that held it has removed it meanwhile


def alive(process: int) -> bool:
    """Tell whether a process of this machine is running."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
