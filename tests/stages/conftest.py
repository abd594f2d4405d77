"""Fixtures for the tests of the stages."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def process_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore threads and logging, which a command sets for its process and therefore for all tests."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, os.environ.get(name, "2"))
    root, level = logging.getLogger(), logging.getLogger("listill").level
    handlers, root_level, shown = root.handlers[:], root.level, logging.raiseExceptions
    yield
    logging.raiseExceptions = shown
    root.handlers[:] = handlers
    root.setLevel(root_level)
    logging.getLogger("listill").setLevel(level)


@pytest.fixture
def signals_of_a_terminal() -> Iterator[None]:
    """Signals to stop do what they do in a terminal, also if the tests were started by nohup or in the background."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
