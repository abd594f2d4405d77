"""A full disk and short memory, as one line: libraries report them in many ways, and most do not say where."""

import contextlib
import errno
import os
import re
import shutil
import tempfile
from pathlib import Path

from listill.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PROBE = 1 << 20
# Parts of the messages of libraries that could not get memory (numpy, torch, the linker, Python).
NO_MEMORY = ("allocate memory", "out of memory", "bad_alloc", "failed to map segment", "can't start new thread")


def unwritable(path: Path, temporary: Path, error: Exception) -> UserError | None:
    """Return why ``temporary``, which was to become ``path``, could not be written; None if the disk is not the reason.

    ``error`` is what a library raised. Most are no help ("unexpected pos 576 vs 534", "1000000 requested and 524256
    written"). A block is then added to the unfinished file: the system says what is wrong. Call it before the file is
    removed.
    """
    files = [file for file in [temporary, *temporary.rglob("*")] if file.is_file()]
    written = sum(file.stat().st_size for file in files)
    number = _number(error)
    reason = os.strerror(number) if number in FULL else _refused(temporary, files)
    if reason is None:
        return None
    return UserError(
        f"{path}: cannot be written: {reason} ({size(written)} of it were written, {_free(path.parent)}): "
        "make room or make it writable, and run again; finished parts are kept"
    )


def _number(error: Exception) -> int | None:
    """Return the system's number of an error; libraries in Rust have it in their text."""
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else None


def _refused(temporary: Path, files: list[Path]) -> str | None:
    """Return why the system refuses one more block in the unfinished file; None if it takes it."""
    # Of a folder, the file that was written last.
    probed = max(files, key=lambda file: file.stat().st_mtime_ns, default=temporary)
    if probed.is_dir():
        probed = temporary / "probe"
    try:
        with open(probed, "ab") as handle:
            handle.write(bytes(PROBE))
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        return error.strerror
    return None


def explanation(error: Exception, output: Path) -> str | None:
    """Return one line on an error of the system that a user can do something about; None for any other error.

    ``output`` is a file that the stage was to write.
    """
    number = _number(error)
    if number in FULL:
        places = dict.fromkeys([output.absolute().parent, Path(tempfile.gettempdir()), Path.home()])
        return (
            f"{_place(error) or output.absolute().parent}: no space left on the disk, or in your quota "
            f"({', '.join(map(_free, places))}): make room and run again; finished parts are kept"
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) and (place := _place(error)):
        return f"{place}: {os.strerror(number)}: make it readable and writable for you, and run again"
    if no_memory(error):
        text = (str(error) or type(error).__name__).splitlines()[0]
        if "CUDA" in text:
            # PyTorch goes on with all processes that use the GPU.
            text = re.sub(r"(?<= is free)\..*", "", text)
            return (
                f"not enough GPU memory: {text}: run fewer jobs on this GPU at a time (--resources gpu=1), or lower this "
                "step's batch sizes, and run again; finished parts are kept"
            )
        return (
            f"not enough memory: {text} ({_memory()}): give this step more memory (mem_mb on a cluster), "
            "or lower its batch sizes, and run again; finished parts are kept"
        )
    return None


def no_memory(error: Exception) -> bool:
    """Tell whether an error means that memory is exhausted, on the processor or on a GPU."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or _number(error) == errno.ENOMEM or any(part in text for part in NO_MEMORY)


def temporary_folder() -> str | None:
    """Return one line on why temporary files cannot be written; None if they can.

    Python takes another folder if $TMPDIR is full, but Snakemake's scheduler does not.
    """
    folder = Path(os.environ.get("TMP") or os.environ.get("TMPDIR") or "/tmp")
    try:
        with tempfile.TemporaryFile(dir=folder if folder.is_dir() else None) as file:
            file.write(bytes(PROBE))
            file.flush()
    except OSError as error:
        return (
            f"{folder}: temporary files cannot be written: {error.strerror} ({_free(folder)}): make room, or set TMPDIR "
            "to another folder"
        )
    return None


def size(count: int) -> str:
    """Return a number of bytes for people."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def _place(error: Exception) -> str | None:
    return None if getattr(error, "filename", None) is None else str(error.filename)  # type: ignore[attr-defined]


def _free(folder: Path) -> str:
    with contextlib.suppress(OSError):
        return f"{size(shutil.disk_usage(folder).free)} free in {folder}"
    return f"{folder} does not exist"


def _memory() -> str:
    """Return the memory that is available, and the limit of this process if it has one."""
    import resource

    available = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return f"{size(available)} free" + (f", limit {size(limit)}" if limit != resource.RLIM_INFINITY else "")
