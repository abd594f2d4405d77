"""A full disk and short memory, as one line."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from listill.shortage import explanation, size, temporary_folder, unwritable

LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np, pandas as pd, torch
from safetensors.torch import save_file
from listill import tables
from listill.errors import UserError

def in_folder(path):
    path.mkdir()
    save_file({"a": torch.from_numpy(big)}, path / "model.safetensors")

big, out = np.random.default_rng(0).random(1_000_000), Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
for write in (
    lambda path: path.write_bytes(bytes(2_000_000)),
    lambda path: pd.DataFrame({"a": big}).to_parquet(path),
    lambda path: np.save(open(path, "wb"), big),
    lambda path: torch.save(torch.from_numpy(big), path),
    lambda path: save_file({"a": torch.from_numpy(big)}, path),
    in_folder,
):
    try:
        with tables.atomic(out) as temporary:
            write(temporary)
    except UserError as error:
        print(error)
"""


def test_what_could_not_be_written_and_how_much_is_free(tmp_path: Path) -> None:
    """Whatever error the library raises. A limit on the size of files stands for a full disk; see tests/faults."""
    line = [sys.executable, "-c", LIMITED, str(tmp_path / "out")]
    done = subprocess.run(line, capture_output=True, text=True)
    messages = done.stdout.splitlines()
    assert len(messages) == 6, done
    for message in messages:
        assert message.startswith(f"{tmp_path / 'out'}: cannot be written: File too large (")
        assert " of it were written, " in message
        assert f" free in {tmp_path}): make room" in message
    assert list(tmp_path.iterdir()) == []


def test_an_error_that_is_not_the_disks_is_left_alone(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.write_text("half")
    for there in (temporary, tmp_path / "not-yet-there"):
        assert unwritable(tmp_path / "out", there, ValueError("no number")) is None


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    error = unwritable(tmp_path / "gone" / "out", tmp_path / "gone" / "temporary", ValueError())
    assert str(error).startswith(f"{tmp_path}/gone/out: cannot be written: No such file or directory (0 bytes of it")


def provoked(error: type[Exception] | tuple[type[Exception], ...], code: object) -> Exception:
    with pytest.raises(error) as raised:
        code()  # type: ignore[operator]
    return raised.value


def test_short_memory() -> None:
    numpy = explanation(provoked(MemoryError, lambda: np.zeros(1 << 50)), Path("x"))
    assert numpy is not None
    assert numpy.startswith("not enough memory: Unable to allocate 8.00 PiB for an array")
    assert " free" in numpy
    of_torch = explanation(provoked(RuntimeError, lambda: torch.zeros(1 << 50)), Path("x"))
    assert of_torch is not None
    assert "you tried to allocate 4503599627370496 bytes" in of_torch
    assert explanation(MemoryError(), Path("x")).startswith("not enough memory: MemoryError (")  # type: ignore[union-attr]
    assert explanation(OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), Path("x")) is not None


def test_short_memory_of_a_gpu_leaves_out_other_processes() -> None:
    begin = (
        "CUDA out of memory. Tried to allocate 64.00 MiB. GPU 0 has a total capacity of 79.2 GiB of which 2 MiB is free"
    )
    line = explanation(
        RuntimeError(f"{begin}. Process 1 has 10.85 GiB memory in use. See documentation ..."), Path("x")
    )
    assert line is not None
    assert line.startswith(f"not enough GPU memory: {begin}: run fewer jobs on this GPU at a time (--resources gpu=1)")
    assert "Process" not in line
    line = explanation(RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"), Path("x"))
    assert line is not None
    assert line.startswith("not enough GPU memory: CUDA error: out of memory: run fewer jobs")


def test_the_limit_of_the_process_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda what: (2_000_000_000, 2_000_000_000))
    line = explanation(MemoryError("no"), Path("x"))
    assert line is not None
    assert "free, limit 2.0 GB)" in line


def test_a_full_disk_elsewhere_names_its_file(tmp_path: Path) -> None:
    line = explanation(OSError(errno.ENOSPC, "full", "/cache/model"), tmp_path / "out")
    assert line is not None
    assert line.startswith("/cache/model: no space left on the disk, or in your quota (")
    assert f"free in {tmp_path}, " in line


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_without_permission(number: int) -> None:
    line = explanation(OSError(number, os.strerror(number), "/home/me/.cache"), Path("x"))
    assert line == f"/home/me/.cache: {os.strerror(number)}: make it readable and writable for you, and run again"


@pytest.mark.parametrize("error", [ZeroDivisionError(), PermissionError(13, "no file"), OSError(2, "none", "x")])
def test_other_errors_are_not_explained(error: Exception) -> None:
    assert explanation(error, Path("x")) is None


def test_sizes() -> None:
    assert [size(n) for n in (0, 999, 1500, 2_500_000, 3e9)] == ["0 bytes", "999 bytes", "1.5 kB", "2.5 MB", "3.0 GB"]


def test_the_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert temporary_folder() is None
    code = (
        "import resource; from listill.shortage import temporary_folder\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY)); print(temporary_folder())\n"
    )
    monkeypatch.delenv("TMP", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith(f"{tmp_path}: temporary files cannot be written: File too large (")
    assert done.stdout.endswith(f" free in {tmp_path}): make room, or set TMPDIR to another folder\n")
