"""When, where and with which commit a page was made."""

import datetime
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """The date (UTC), the machine that wrote the page, and the commit of listill's checkout (empty if there is none)."""

    date: str
    machine: str
    commit: str


def here() -> Origin:
    """Return the origin of a page that is made now, on this machine."""
    return Origin(datetime.datetime.now(datetime.UTC).date().isoformat(), _machine(), commit(Path(__file__).parent))


def commit(folder: Path) -> str:
    """Return the commit of a folder's git checkout, with a note if files were changed; empty without git or a checkout."""

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(folder), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "--short=12", "HEAD")
    if not head:
        return ""
    return f"{head} with changes" if git("status", "--porcelain", "--untracked-files=no") else head


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
