"""The C library's allocator: memory that a training step frees is kept for the next step."""

import ctypes

# Of <malloc.h>: when freed memory at the end of the heap goes back to the system; how many blocks may be mapped on their own.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed() -> bool:
    """Let this process keep what it frees; False where the C library cannot (only glibc can).

    glibc maps each block of more than 32 MB on its own and unmaps it when it is freed. Every step has such blocks (the
    gradient of the token embeddings, once a chunk), and the system clears their pages anew each time: 13 % of a step of
    MiniLM on two cores. Peak memory stays what it was, since every step is like the last.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # TypeError: on Windows
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, 2**31 - 1))
