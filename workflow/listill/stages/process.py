"""The set-up of a stage's process: its threads, its log, and what a signal to stop does."""

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from listill.errors import UserError
from listill.progress import ERASE, FILE_ONLY, Progress, state_file, step_name
from listill.text import printable

log = logging.getLogger("listill")


def set_threads(threads: int) -> None:
    """Set the number of threads of the numeric libraries, which read it when they are imported."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    # Idle threads sleep soon: if other processes use the same cores, spinning made the models 10 times slower. Spinning
    # for a few microseconds, until the model's next operation, makes a training step 1.25 times as fast and costs
    # nothing beside other processes.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    # oneDNN caches a kernel for each of the last 1,024 shapes, but almost every batch of texts has a new shape. A cache
    # of 64 saves memory (0.2 GB in a training of a few minutes) and takes no more time.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true" if threads > 1 else "false")


class Stopped(KeyboardInterrupt):
    """The process was told to stop (Ctrl-C, SIGTERM, a closed terminal)."""


@contextlib.contextmanager
def stoppable(stage: str) -> Iterator[None]:
    """End the process with one line in the log, and 128 + the number of the signal, when a signal to stop arrives.

    What the context has begun is tidied up. A second signal ends the process immediately.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        for other in before:
            signal.signal(other, signal.SIG_DFL)
        raise Stopped

    def ignored(details: "sys.UnraisableHookArgs") -> None:
        """Python ignores an exception in a destructor: the process would go on."""
        if not isinstance(details.exc_value, Stopped):
            return hook(details)
        say()
        os._exit(128 + received[0])

    def say() -> None:
        # In a run of the whole workflow, Snakemake's process says it once for all stages.
        log.error("listill %s: stopped; run again to resume", stage, extra=FILE_ONLY if Progress.file else {})

    before = {}
    hook, sys.unraisablehook = sys.unraisablehook, ignored
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup, or in the background of a shell script
            before[number] = signal.signal(number, stop)
    try:
        yield
    except (Stopped, Exception):
        if not received:
            raise
        # Also an error: a library that was just being imported reports the interruption as one of its own.
        say()
        raise SystemExit(128 + received[0]) from None
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


def writes() -> bool:
    """Tell whether this process writes the outputs: of several that train one model together, only the first does."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"


class Printable(logging.Formatter):
    """Messages whose control characters are escaped: those of ids and texts would change the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


class Named(Printable):
    """Messages among those of other jobs: the name of the job comes first, and the line of the display is erased."""

    def __init__(self, name: str, stage: str, terminal: bool) -> None:
        super().__init__("%(message)s")
        self._name, self._stage, self._start = name, stage, ERASE if terminal else ""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for known in (self._stage, self._name.partition(" ")[2], self._name):
            text = text.removeprefix(f"{known}: ")
        return f"{self._start}{self._name}: {text}"


def start_log(path: Path | None, stage: str = "") -> None:
    """Send log messages to standard error and, if a path is given, to that file; UserError if it cannot be written.

    In a run of the whole workflow, those on standard error begin with the name of the job, in place of that of its ``stage``.
    """
    logging.raiseExceptions = False  # a message that does not fit on a full disk is dropped
    terminal = logging.StreamHandler(sys.stderr)
    terminal.addFilter(lambda record: not hasattr(record, "file_only"))
    handlers: list[logging.Handler] = [terminal]
    fault = None
    name = step_name(path) if path else ""
    Progress.file = state_file(name) if path else None
    if path:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(logging.FileHandler(path, mode="w"))
        except OSError as error:
            fault = UserError(f"{path}: cannot be written ({error.strerror})")
    for handler in handlers:  # some libraries set a level of their own (bm25s: DEBUG); only their warnings are shown
        handler.addFilter(lambda record: record.name.startswith("listill") or record.levelno >= logging.WARNING)
        handler.setFormatter(Printable("%(message)s"))
    if Progress.file:
        terminal.setFormatter(Named(name, stage, sys.stderr.isatty()))
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    log.setLevel(logging.INFO)
    if fault:
        raise fault
