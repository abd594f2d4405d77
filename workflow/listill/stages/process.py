"""How the process of a stage is set up: its threads, and where its messages go."""

import logging
import os
import sys
from pathlib import Path

log = logging.getLogger("listill")


def set_threads(threads: int) -> None:
    """Tell the numeric libraries how many cores they have; they read this when they are imported."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    # Waiting threads soon sleep: with other work on the same cores, spinning made the models 10 times slower. But spinning
    # for some microseconds first, until the model's next operation, makes a training step 1.25 times as fast, and costs
    # nothing beside other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    # oneDNN keeps a kernel for each of the last 1,024 shapes, and of texts nearly every batch is a new shape: 64 take less
    # memory (0.2 GB in a training of minutes) and no more time.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true" if threads > 1 else "false")


def start_log(path: Path | None) -> None:
    """Write messages to standard error and, if a path is given, to that file."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path, mode="w"))
    for handler in handlers:  # libraries that set their own level (bm25s logs at DEBUG) are heard from WARNING on
        handler.addFilter(lambda record: record.name.startswith("listill") or record.levelno >= logging.WARNING)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=handlers, force=True)
    log.setLevel(logging.INFO)
