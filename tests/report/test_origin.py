"""When, where and with which commit a page was made."""

import re
import subprocess
from pathlib import Path

from listill.report.origin import commit, here


def test_the_commit_of_a_checkout(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        settings = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", "-C", str(tmp_path), *settings, *arguments], check=True, capture_output=True)

    assert commit(tmp_path) == ""
    git("init")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-m", "first")
    assert re.fullmatch(r"[0-9a-f]{12}", commit(tmp_path))
    (tmp_path / "file").write_text("two")
    assert re.fullmatch(r"[0-9a-f]{12} with changes", commit(tmp_path))


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(Path(__file__).parent) == ""


def test_date_and_machine() -> None:
    found = here()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found.date)
    assert re.search(r", \d+ cores, \d+ GiB, ", found.machine)
