"""The cache of restored models: two processes, a process that is killed, damaged files."""

import errno
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from listill.errors import UserError
from listill.models.restoring import cache
from listill.source_files import checksum


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTILL_CACHE", str(tmp_path))


class Maker:
    """Writes a small model, and notes in a file beside the cache how often it was called."""

    def __init__(self, calls: Path, delay: float = 0) -> None:
        self.calls, self.delay = calls, delay

    def __call__(self, folder: Path) -> None:
        with open(self.calls, "a") as handle:
            handle.write("called\n")
        (folder / "config.json").write_text("{}")
        (folder / "1_Pooling").mkdir()
        multiprocessing.Event().wait(self.delay)
        (folder / "1_Pooling" / "config.json").write_text("{}")

    def count(self) -> int:
        return len(self.calls.read_text().splitlines())


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "calls")


def test_a_model_is_made_once(maker: Maker, tmp_path: Path) -> None:
    folder = cache.stored("name", maker)
    assert folder == tmp_path / "models" / "name" == cache.root() / "name"
    assert cache.stored("name", maker) == folder
    assert maker.count() == 1
    assert {path.name for path in folder.iterdir()} == {"config.json", "1_Pooling", "SHA256SUMS"}
    assert f"{checksum(folder / 'config.json')}  config.json" in (folder / "SHA256SUMS").read_text()
    cache.stored("another", maker)
    assert maker.count() == 2


def test_the_default_is_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LISTILL_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.root() == tmp_path / ".cache" / "listill" / "models"


@pytest.mark.parametrize("damage", ["changed", "removed", "added", "sums"])
def test_a_damaged_model_is_named_and_made_again(damage: str, maker: Maker, caplog: pytest.LogCaptureFixture) -> None:
    folder = cache.stored("name", maker)
    pooling = folder / "1_Pooling" / "config.json"
    if damage == "changed":
        pooling.write_text("[]")
    elif damage == "removed":
        pooling.unlink()
    elif damage == "added":
        (folder / "tokenizer.json").write_text("{}")
    else:
        (folder / "SHA256SUMS").unlink()
    with caplog.at_level(logging.WARNING, "listill"):
        assert cache.stored("name", maker) == folder
    messages = {
        "changed": "1_Pooling/config.json has been changed",
        "removed": "1_Pooling/config.json is missing",
        "added": "tokenizer.json has been changed",
        "sums": "SHA256SUMS is missing",
    }
    assert f"{folder}: {messages[damage]}; the folder is removed and made again" in caplog.text
    assert maker.count() == 2
    assert cache.damage(folder) is None


def test_two_processes_make_it_once(tmp_path: Path) -> None:
    maker = Maker(tmp_path / "calls", delay=0.5)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=cache.stored, args=("name", maker)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert maker.count() == 1
    assert cache.damage(cache.root() / "name") is None


KILLED = """
import os, signal, sys
from listill.models.restoring import cache
def make(folder):
    (folder / "half.json").write_text("{")
    os.kill(os.getpid(), signal.SIGKILL)
cache.stored("name", make)
"""


def test_a_killed_process_leaves_no_half_a_model(maker: Maker) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    assert killed.returncode == -signal.SIGKILL
    assert not (cache.root() / "name").exists()
    folder = cache.stored("name", maker)
    assert not (folder / "half.json").exists()
    assert [path.name for path in cache.root().iterdir() if path.is_dir()] == ["name"]


def test_a_failure_leaves_no_half_a_model(maker: Maker) -> None:
    def fail(folder: Path) -> None:
        (folder / "half.json").write_text("{")
        raise UserError("no such weights")

    with pytest.raises(UserError, match="no such weights"):
        cache.stored("name", fail)
    assert [path for path in cache.root().iterdir() if path.is_dir()] == []
    assert not (cache.stored("name", maker) / "half.json").exists()


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, maker: Maker) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LISTILL_CACHE", str(tmp_path / "file"))
    with pytest.raises(
        UserError, match=r"file/models: cannot be written \(Not a directory\): set LISTILL_CACHE to a folder"
    ):
        cache.stored("name", maker)


def test_a_cache_on_a_file_system_that_is_read_only(monkeypatch: pytest.MonkeyPatch, maker: Maker) -> None:
    def mkdir(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(UserError, match=r"cannot be written \(Read-only file system\): set LISTILL_CACHE to a folder"):
        cache.stored("name", maker)
