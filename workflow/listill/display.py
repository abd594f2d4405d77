"""One display of a run: the steps with their student and variant, what is done, the rate and the time left.

Snakemake shows two or three lines for each job, also for those that only write settings, but neither its start nor the
variant. ``Display`` takes the place of Snakemake's handler of messages for the terminal. Snakemake's own messages remain in
its log file, ``.snakemake/log``; warnings and errors are shown as they are. A logger plugin could do the same, but Snakemake
finds plugins only if they are installed beside it, and a profile that names one fails everywhere else.

On a terminal the last line is rewritten every second. Anywhere else there is a line for each step that starts or ends, and
one line a minute for those that run.
"""

import atexit
import contextlib
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from listill.progress import ERASE, FOLDER, clock, state_file, step_name

RESUME = "run the same command again to resume"
_NOTHING = "Nothing to be done"


@dataclass
class Step:
    """A job that is running."""

    name: str
    start: float = field(default_factory=time.monotonic)

    @property
    def state(self) -> str:
        """How far it is, as it says itself; its name alone if it does not say so."""
        file = state_file(self.name)
        try:
            said = file.read_text() if file else ""
        except OSError:
            said = ""
        # "wiki train minilm.infonce: train: 3 of 8 queries" says its stage twice.
        what, _, rest = said.partition(": ")
        return f"{self.name}: {rest if what in self.name else said}" if said else self.name


class Display(logging.Handler):
    """Shows the messages of a run of ``workflow`` in place of ``default``, Snakemake's handler.

    ``closing()`` is called if there is nothing to do: Snakemake calls no hook then.
    """

    every = 60.0  # seconds between two lines in a log

    def __init__(self, default: logging.StreamHandler[Any], workflow: Any, closing: Callable[[], None]) -> None:
        super().__init__(default.level)
        self._default, self._workflow, self._closing = default, workflow, closing
        self._stream = default.stream
        self._terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._running: dict[int, Step] = {}
        self._heard: set[int] = set()  # jobs that write their messages to this terminal as well as to their log
        self._start = self._said = time.monotonic()
        self._total = self._done = 0
        self._interrupted = self._started = False

    @property
    def _active(self) -> bool:
        """Whether jobs are executed: a dry run, a list of files and the like are shown by Snakemake."""
        return self._workflow.executor_plugin is not None and not (self._workflow.dryrun or self._workflow.touch)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a message; called by the threads of Snakemake, one at a time."""
        if not self._active:
            self._default.handle(record)
            return
        handlers = {
            None: self._message,
            "run_info": self._run_info,
            "job_info": self._job_info,
            "job_finished": self._job_finished,
            "job_error": self._job_error,
            "error": self._error,
        }
        if handle := handlers.get(getattr(record, "event", None)):
            handle(record)

    def _message(self, record: logging.LogRecord) -> None:
        """Show a message without an event, unless it is one of those in which Snakemake says what it does."""
        text = str(record.msg)
        if text.startswith("Terminating processes on user request"):
            self._interrupted = True
            self._line(f"stopping: {self._names() or 'no step is running'}")
        elif text.startswith(_NOTHING):
            self._line("nothing to do: all files are there and up to date")
            self._closing()
        elif self._started and text.startswith(("Exiting because a job", "At least one job")):
            pass  # ``failed`` says it
        elif record.levelno > logging.INFO or "/snakemake/" not in record.pathname:  # the latter: of a plugin
            self._erase()
            self._default.handle(record)

    def _run_info(self, record: logging.LogRecord) -> None:
        """The number of jobs of each rule: known before the first job starts."""
        hidden = {rule.name for rule in self._workflow.rules if not _shown(rule)}
        stats: dict[str, int] = getattr(record, "stats", {})
        self._total = sum(count for name, count in stats.items() if name not in hidden | {"total"})
        self._started = True
        if folder := os.environ.get(FOLDER):
            Path(folder).mkdir(parents=True, exist_ok=True)
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self._line(f"{_steps(self._total)}; to stop: Ctrl-C, then {RESUME}")
        if self._terminal:
            threading.Thread(target=self._refresh, daemon=True).start()
        else:
            threading.Thread(target=self._report, daemon=True).start()

    def _job_info(self, record: logging.LogRecord) -> None:
        job: Any = record
        rule = self._workflow.get_rule(job.rule_name)
        if (self._workflow.local_exec or job.local) and "2> {log}" not in (rule.shellcmd or ""):
            self._heard.add(job.jobid)
        if not _shown(rule) or not job.log:
            return
        step = self._running[job.jobid] = Step(step_name(job.log[0]))
        if not self._terminal:
            self._line(f"{step.name}: started")

    def _job_finished(self, record: logging.LogRecord) -> None:
        job: Any = record
        if step := self._running.pop(job.job_id, None):
            self._done += 1
            self._line(f"[{self._done} of {self._total}] {step.name}: done in {clock(time.monotonic() - step.start)}")

    def _job_error(self, record: logging.LogRecord) -> None:
        job: Any = record
        step = self._running.pop(job.jobid, None)
        if self._interrupted:
            return
        name, after = (step.name, f" after {clock(time.monotonic() - step.start)}") if step else (job.rule_name, "")
        self._line(f"{name}: failed{after}: see {', '.join(job.log)}")
        if message := getattr(record, "rule_msg", None):  # why a cluster has not run the job, which then has no log
            self._line(str(message))
        if job.jobid not in self._heard:
            for path in map(Path, job.log):
                self._line(path.read_text(errors="replace").strip() if path.is_file() else f"{path}: no such file")

    def _error(self, record: logging.LogRecord) -> None:
        """An exception. That of a failed job repeats its command line; that of an interruption says nothing else."""
        exception = getattr(record, "exception", "")
        if exception == "RuleException" or (self._interrupted and exception in ("WorkflowError", "KeyboardInterrupt")):
            return
        if self._started and "At least one job did not complete" in str(record.msg):
            return
        self._erase()
        self._default.handle(record)

    def failed(self) -> None:
        """Say how a run ends that was stopped or in which a step failed; nothing if no job has been executed."""
        if not self._started:
            return
        why = "stopped" if self._interrupted else "stopped after an error"
        first = "" if self._interrupted else "fix it, then "
        self._line(f"{why}: {self._done} of {self._total} steps are done; {first}{RESUME}")

    def succeeded(self) -> None:
        """Say that the run is over, and how long it took; nothing if no job has been executed."""
        if not self._started:
            return
        self._line(f"{_steps(self._done)} in {clock(time.monotonic() - self._start)}")

    def _names(self) -> str:
        return ", ".join(step.name for step in self._running.values())

    def _states(self) -> str:
        return f"[{self._done} of {self._total}] " + " | ".join(step.state for step in self._running.values())

    def _erase(self) -> None:
        if self._terminal:
            self._stream.write(ERASE)

    def _line(self, text: str) -> None:
        self._erase()
        self._stream.write(f"{text}\n")
        self._stream.flush()
        self._said = time.monotonic()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock that the messages are shown under."""
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _refresh(self) -> None:
        """Rewrite the last line of the terminal every second."""
        while True:
            time.sleep(1)
            with self._locked():
                if self._running and not self._interrupted:
                    self._stream.write(ERASE + self._states()[: shutil.get_terminal_size().columns - 1])
                    self._stream.flush()

    def _report(self) -> None:
        """Write a line a minute, unless there was another one."""
        while True:
            time.sleep(min(1, self.every))
            with self._locked():
                if self._running and not self._interrupted and time.monotonic() - self._said >= self.every:
                    self._line(self._states())


def _steps(number: int) -> str:
    return "1 step" if number == 1 else f"{number} steps"


def _shown(rule: Any) -> bool:
    """Tell whether a rule is a step for users: not a target, and not one that only writes settings."""
    return bool(rule.output) and not rule.name.endswith("_settings")


def attach(workflow: Any, closing: Callable[[], None]) -> Display | None:
    """Show a run of ``workflow``, the main process of Snakemake; None if Snakemake is to show it.

    That is so if its messages about rules are asked for (``--quiet host``), or if a plugin writes to the terminal.
    """
    from snakemake.logging import logger

    quiet = {str(kind).lower().rpartition(".")[2] for kind in workflow.output_settings.quiet or ()}
    default = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
    if "rules" not in quiet or not isinstance(default, logging.StreamHandler):
        return None
    display = Display(default, workflow, closing)
    logger.removeHandler(default)
    logger.addHandler(display)
    # One for each process: another run, which is refused, and dry runs leave it alone.
    os.environ[FOLDER] = str(Path(".snakemake", f"listill.progress.{os.getpid()}").absolute())
    return display


def stop_in_one_line() -> None:
    """Have Ctrl-C end this process with one line, in place of a traceback, also while Snakemake is not running jobs."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            return before(kind, error, trace)
        print(f"stopped: {RESUME}", file=sys.stderr)

    sys.excepthook = hook
