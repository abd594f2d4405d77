"""Contents of the user's files."""

import os
import time
from pathlib import Path

import pytest

from listill import contents as module
from listill.contents import contents, remembered


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A folder with two files that were written a while ago."""
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.txt", "sub/b.txt"):
        (folder / name).write_text(name)
    return [str(folder), str(folder / "a.txt"), str(folder / "sub/b.txt")]


def test_contents_and_names_count_but_neither_dates_nor_places(files: list[str], tmp_path: Path) -> None:
    before = contents(files)
    os.utime(files[1], (1, 1))
    assert contents(files) == contents(files[::-1]) == before
    Path(files[0]).rename(tmp_path / "elsewhere")
    moved = [file.replace("folder", "elsewhere") for file in files]
    assert contents(moved) == before
    Path(moved[2]).rename(tmp_path / "elsewhere/b.txt")
    renamed = [*moved[:2], str(tmp_path / "elsewhere/b.txt")]
    assert contents(renamed) != before
    Path(moved[1]).write_text("A.txt")
    assert len({before, contents(renamed), contents(renamed[:2])}) == 3


def test_a_single_file_in_a_folder_that_moves_into_a_subfolder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.txt", "sub/a.txt"):
        (tmp_path / name).write_text("a")
    assert contents([str(tmp_path), str(tmp_path / "a.txt")]) != contents([str(tmp_path), str(tmp_path / "sub/a.txt")])


def test_what_cannot_be_read_has_no_content(tmp_path: Path) -> None:
    """A named pipe would wait for a writer; the stage that reads it says what is wrong."""
    os.mkfifo(tmp_path / "pipe")
    assert len(contents([str(tmp_path / "pipe"), str(tmp_path / "gone")])) == 64
    assert len(contents([])) == 64


def test_files_are_read_again_only_if_they_may_have_changed(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "cache" / "memory.json"
    first = remembered(files, memory)
    assert first == contents(files)
    assert not memory.exists(), "the files were written just now: a further change might not show"
    monkeypatch.setattr(module, "SETTLED_SECONDS", -60)
    remembered(files, memory)
    monkeypatch.setattr(module, "contents", lambda files: "read")
    assert remembered(files, memory) == first
    # The same size and the same (older) date, as after cp -p or rsync -t.
    date = os.stat(files[1]).st_mtime
    time.sleep(0.01)
    Path(files[1]).write_text("A.TXT")
    os.utime(files[1], (date, date))
    assert remembered(files, memory) == "read"
    for damaged in ("", "[]", "{"):
        memory.write_text(damaged)
        assert remembered(files, memory) == "read"


def test_without_a_place_for_the_memory_files_are_read(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLED_SECONDS", -60)
    (tmp_path / "file").write_text("")
    assert remembered(files, tmp_path / "file" / "memory.json") == contents(files)
