"""Fixtures for the tests of the stages."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def signals_of_a_terminal() -> Iterator[None]:
    """Signals to stop do what they do in a terminal, also if the tests were started by nohup or in the background."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
