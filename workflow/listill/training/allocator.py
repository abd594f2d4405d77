"""The memory allocator of the C library: keep the memory that a training step frees for the next step."""

import ctypes

# From <malloc.h>: the size of free memory at the end of the heap that is returned to the system; how many blocks may
# have a mapping of their own.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed() -> bool:
    """Let this process keep the memory that it frees. Only glibc supports this; with other C libraries, return False.

    glibc maps each block of more than 32 MB separately and unmaps it when it is freed. Every step allocates such blocks
    (the gradient of the token embeddings, once per chunk), and the system clears their pages each time. This took 13 %
    of a step of MiniLM on two cores. Peak memory does not change, since every step allocates the same blocks.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # TypeError: on Windows
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, 2**31 - 1))
