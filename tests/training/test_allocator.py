"""The process keeps freed memory: the pages of a large block are created once, not at every step."""

import os
import platform
import subprocess
import sys

import pytest

# Count the page faults of ten blocks of 64 MB, each of which is freed before the next is allocated.
COUNT = """
import resource, sys, torch
from listill.training import allocator
kept = sys.argv[1] == "keep" and allocator.keep_freed()
for _ in range(20):  # until small allocations between the blocks have settled
    torch.zeros(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.zeros(2**24)
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> tuple[int, int]:
    """Return whether keep_freed succeeded, and the number of page faults."""
    command = [sys.executable, "-c", COUNT, how]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=environment)
    kept, count = map(int, done.stdout.split())
    return kept, count


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc supports this")
def test_freed_blocks_are_reused() -> None:
    """Otherwise each of the ten blocks causes 16,384 page faults, or 32 with huge pages."""
    kept, count = faults("keep")
    assert kept
    assert count * 10 < faults("leave")[1]
