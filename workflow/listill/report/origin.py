"""When, where and with which commit a page was made."""

import datetime
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """The date (UTC), the machine that wrote the page, and the commit of listill's checkout (empty if there is none).

    ``changed``: files of the checkout differ from the commit.
    """

    date: str
    machine: str
    commit: str
    changed: bool = False


def here() -> Origin:
    """Return the origin of a page that is made now, on this machine."""
    return Origin(datetime.datetime.now(datetime.UTC).date().isoformat(), _machine(), *commit(Path(__file__)))


def commit(file: Path) -> tuple[str, bool]:
    """Return the commit of the git checkout that tracks a file, and whether tracked files were changed since.

    The commit is empty without git, and if no checkout tracks the file: an installed package may lie in the folder of
    another repository.
    """

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(file.parent), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    if git("ls-files", "--error-unmatch", "--", file.name) is None:
        return "", False
    head = git("rev-parse", "--short=12", "HEAD") or ""
    return head, bool(head and git("status", "--porcelain", "--untracked-files=no"))


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def _processor() -> str:
    """Return the model of the processor; Linux says it in /proc."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
