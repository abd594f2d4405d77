"""Progress of long work: a bar on a terminal, a line every 30 seconds in a log."""

import logging
import sys
import time
from types import TracebackType

from tqdm import tqdm

log = logging.getLogger("listill")


class Progress:
    """Counts work done: use it as a context manager and call ``add``. Without a name it is silent (part of other work)."""

    def __init__(self, total: int, what: str, unit: str, every: float = 30.0) -> None:
        self.total, self.what, self.unit, self.every = total, what, unit, every
        self.done = 0
        self._start = self._said = time.monotonic()
        self._bar = tqdm(
            total=total,
            desc=what,
            unit=f" {unit}",
            disable=not (what and sys.stderr.isatty()),
            leave=False,
            smoothing=0.1,
        )

    def add(self, count: int, note: str = "") -> None:
        """Report ``count`` more units done."""
        self.done += count
        self._bar.update(count)
        if note:
            self._bar.set_postfix_str(note, refresh=False)
        now = time.monotonic()
        if self.what and self._bar.disable and now - self._said >= self.every:
            self._said = now
            log.info("%s: %d of %d %s%s", self.what, self.done, self.total, self.unit, f", {note}" if note else "")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if kind is None and self.what:
            seconds = max(time.monotonic() - self._start, 1e-9)
            log.info(
                "%s: %d %s in %.1f s (%.0f a second)", self.what, self.done, self.unit, seconds, self.done / seconds
            )
