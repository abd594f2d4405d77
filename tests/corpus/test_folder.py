"""Which files of a folder are read."""

from pathlib import Path

import pytest

from listill.corpus.folder import log_left_out, text_files


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text")


def test_suffixes_in_any_spelling_below_the_folder_without_hidden_files(tmp_path: Path) -> None:
    fill(tmp_path, "b.MD", "a.txt", "x/c.Txt", "x/y/d.md", ".hidden.txt", ".git/e.txt", "f.pdf")
    assert text_files(tmp_path) == [Path("a.txt"), Path("b.MD"), Path("x/c.Txt"), Path("x/y/d.md")]


def test_linked_folders_are_read_once_and_loops_end(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    fill(root, "own/a.txt")
    fill(outside, "b.txt")
    (root / "away").symlink_to(outside)
    (root / "again").symlink_to(root / "own")
    (root / "loop").symlink_to(root)
    assert text_files(root) == [Path("away/b.txt"), Path("own/a.txt")]


def test_files_of_other_types_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, "a.txt", "b.pdf", "c.PDF", "Makefile")
    log_left_out(tmp_path)
    left_out = "3 files are left out, since they are not .txt or .md: 2 .pdf, 1 Makefile"
    assert caplog.messages == [f"{tmp_path}: {left_out}"]
    caplog.clear()
    (tmp_path / "only").mkdir()
    log_left_out(tmp_path / "only")
    assert caplog.messages == []
