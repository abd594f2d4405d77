"""When, where and with which commit a page was made."""

import re
import subprocess
from pathlib import Path

from listill.report.origin import commit, here


def test_the_commit_of_a_checkout(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        settings = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", "-C", str(tmp_path), *settings, *arguments], check=True, capture_output=True)

    file = tmp_path / "file"
    file.write_text("one")
    assert commit(file) == ("", False)
    git("init")
    git("add", "file")
    git("commit", "-m", "first")
    first, changed = commit(file)
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert not changed
    file.write_text("two")
    assert commit(file) == (first, True)
    # An installed package in the folder of a repository, such as in its .venv, is none of its files.
    installed = tmp_path / "installed" / "file"
    installed.parent.mkdir()
    installed.write_text("one")
    assert commit(installed) == ("", False)


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(Path(__file__)) == ("", False)


def test_date_and_machine() -> None:
    found = here()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found.date)
    assert re.search(r", \d+ cores, \d+ GiB, ", found.machine)
