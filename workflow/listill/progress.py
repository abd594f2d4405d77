"""Progress of long work: a bar on a terminal, a line a minute in a log.

In a run of the whole workflow, stages do not draw, since several may run at the same time. Each writes how far it is to a
small file, and Snakemake's process shows all of them (``display``). The environment variable ``LISTILL_PROGRESS`` names the
folder of these files. The nodes of a cluster share it with the process that shows them.
"""

import contextlib
import logging
import os
import sys
import time
from pathlib import Path
from types import TracebackType

log = logging.getLogger("listill")

FOLDER = "LISTILL_PROGRESS"
ERASE = "\r\x1b[K"  # erases the line of the terminal that is rewritten
# Attributes of a log record that belongs in the log file of the stage only: the display of the whole run says the same.
FILE_ONLY = {"file_only": True}
_EVERY = 1.0  # seconds between two writings of the file


def step_name(stage_log: str | Path) -> str:
    """Return the name of a job: ``results/wiki/logs/train.minilm.infonce.log`` is of ``wiki train minilm.infonce``."""
    path = Path(stage_log)
    stage = path.stem.replace(".", " ", 1)
    corpus = path.parts[-3] if len(path.parts) > 2 else "results"
    return stage if corpus == "results" else f"{corpus} {stage}"


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, ``1:05``, or ``2:01:05`` with hours."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def state_file(name: str) -> Path | None:
    """Return the file to which the job of this name writes how far it is; None if no display reads it."""
    folder = os.environ.get(FOLDER)
    return Path(folder) / name if folder else None


class Whole:
    """Work that is done in parts: while it is entered, each Progress of its unit says how far the whole is, not its part."""

    entered: "Whole | None" = None

    def __init__(self, total: int, unit: str) -> None:
        self.total, self.unit, self.done = total, unit, 0
        self.start = time.monotonic()

    def skip(self, count: int) -> None:
        """Leave out ``count`` units that were done before."""
        self.total -= count

    def __enter__(self) -> "Whole":
        Whole.entered = self
        return self

    def __exit__(self, *error: object) -> None:
        Whole.entered = None


class Progress:
    """Counts work done: use it as a context manager and call ``add``. Without a name it is silent (part of other work).

    ``before`` units of the total were done by an earlier process: they count as done, but not in the rate.
    """

    file: Path | None = None  # where the whole run reads how far this process is; set when the log is started

    def __init__(self, total: int, what: str, unit: str, every: float = 60.0, before: int = 0) -> None:
        from tqdm import tqdm

        self.total, self.what, self.unit, self.every = total, what, unit, every
        self.done = self.before = before
        self._start = self._said = time.monotonic()
        self._written = 0.0
        self._bar = tqdm(
            total=total,
            initial=before,
            desc=what,
            unit=f" {unit}",
            disable=not (what and sys.stderr.isatty() and self.file is None),
            leave=False,
            smoothing=0.1,
        )

    def add(self, count: int, note: str = "") -> None:
        """Report ``count`` more units done."""
        self.done += count
        if whole := self._whole:
            whole.done += count
        self._bar.update(count)
        if note:
            self._bar.set_postfix_str(note, refresh=False)
        if not self.what:
            return
        now = time.monotonic()
        if self.file is not None and now - self._written >= _EVERY:
            self._written = now
            self._write(self.file, note)
        if self._bar.disable and now - self._said >= self.every:
            self._said = now
            log.info("%s", self._state(note), extra=FILE_ONLY if self.file else {})

    @property
    def _whole(self) -> Whole | None:
        return Whole.entered if Whole.entered and Whole.entered.unit == self.unit else None

    def _state(self, note: str) -> str:
        whole = self._whole
        done, total, start = (whole.done, whole.total, whole.start) if whole else (self.done, self.total, self._start)
        rate = (done - self.before) / max(time.monotonic() - start, 1e-9)
        left = f", {clock((total - done) / rate)} left" if rate > 0 and done < total else ""
        state = f"{self.what}: {done} of {total} {self.unit}, {rate:.{0 if rate >= 10 else 1}f} a second{left}"
        return f"{state}, {note}" if note else state

    def _write(self, file: Path, note: str) -> None:
        with contextlib.suppress(OSError):  # work does not depend on its display
            new = file.with_name(f".{file.name}")
            new.write_text(self._state(note))
            new.replace(file)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self.file is not None and self.what:
            with contextlib.suppress(OSError):
                self.file.unlink(missing_ok=True)
        if kind is None and self.what:
            seconds = max(time.monotonic() - self._start, 1e-9)
            count = self.done - self.before
            log.info("%s: %d %s in %.1f s (%.0f a second)", self.what, count, self.unit, seconds, count / seconds)
