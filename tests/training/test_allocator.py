"""Freed memory stays with the process: the pages of a large block are made once, not once a step."""

import os
import platform
import subprocess
import sys

import pytest

# Page faults of ten blocks of 64 MB, one after the other, each freed before the next.
COUNT = """
import resource, sys, torch
from listill.training import allocator
kept = sys.argv[1] == "keep" and allocator.keep_freed()
for _ in range(20):  # until the allocator's small leftovers between the blocks have settled
    torch.zeros(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.zeros(2**24)
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> tuple[int, int]:
    """Return whether the library could be told, and the page faults."""
    command = [sys.executable, "-c", COUNT, how]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=environment)
    kept, count = map(int, done.stdout.split())
    return kept, count


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_a_block_is_used_again() -> None:
    """Without: each of the ten blocks faults for its 16,384 pages, or for its 32 where pages are huge."""
    kept, count = faults("keep")
    assert kept
    assert count * 10 < faults("leave")[1]
