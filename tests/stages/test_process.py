"""The set-up of a stage's process."""

import logging
import os
import sys
from pathlib import Path

import pytest

from listill.stages.process import set_threads, start_log

pytestmark = pytest.mark.usefixtures("process_as_before")
NUMERIC = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
DEFAULTS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "20000", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}


@pytest.mark.parametrize(("threads", "tokenizers"), [(1, "false"), (3, "true")])
def test_threads_of_the_libraries(monkeypatch: pytest.MonkeyPatch, threads: int, tokenizers: str) -> None:
    for name in (*DEFAULTS, "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "x")  # so that it is restored
        monkeypatch.delenv(name)
    set_threads(threads)
    assert [os.environ[name] for name in NUMERIC] == [str(threads)] * 3
    assert {name: os.environ[name] for name in DEFAULTS} == DEFAULTS
    assert os.environ["TOKENIZERS_PARALLELISM"] == tokenizers


def test_variables_that_the_user_has_set_are_kept_except_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NUMERIC, *DEFAULTS, "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "user")
    set_threads(2)
    assert [os.environ[name] for name in NUMERIC] == ["2"] * 3
    assert {os.environ[name] for name in (*DEFAULTS, "TOKENIZERS_PARALLELISM")} == {"user"}


def test_log_messages_go_to_standard_error_and_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "logs" / "x.log"
    start_log(path)
    logging.getLogger("listill").info("from us")
    logging.getLogger("listill.part").info("from a part of us")
    noisy = logging.getLogger("noisy")
    noisy.setLevel(logging.DEBUG)
    noisy.info("from a library")
    noisy.warning("a warning")
    expected = "from us\nfrom a part of us\na warning\n"
    assert path.read_text() == expected
    assert capsys.readouterr().err == expected
    start_log(path)  # a new run has a new file and no old handlers
    logging.getLogger("listill").info("again")
    assert path.read_text() == capsys.readouterr().err == "again\n"


def test_without_a_file_there_is_only_one_handler(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(None)
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
