"""Progress in a log: a line every so often, and one at the end."""

import logging

import pytest

from listill import progress
from listill.progress import Progress


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: False, raising=False)
    caplog.set_level(logging.INFO, "listill")


def test_lines_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with Progress(10, "encode", "texts", every=0) as counter:
        counter.add(4, "12 a second")
        counter.add(6)
    first, second, last = caplog.messages
    assert first == "encode: 4 of 10 texts, 12 a second"
    assert second == "encode: 10 of 10 texts"
    assert last.startswith("encode: 10 texts in ")


def test_no_line_before_its_time(caplog: pytest.LogCaptureFixture) -> None:
    with Progress(10, "encode", "texts", every=3600) as counter:
        counter.add(10)
    assert len(caplog.messages) == 1


def test_a_part_of_other_work_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    with Progress(10, "", "texts", every=0) as counter:
        counter.add(10)
    assert caplog.messages == []


def test_failed_work_has_no_rate(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RuntimeError), Progress(10, "encode", "texts", every=3600):
        raise RuntimeError
    assert caplog.messages == []
