"""The set-up of a stage's process, and signals to stop."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from listill.progress import ERASE, FILE_ONLY, FOLDER, Progress
from listill.stages.process import set_threads, start_log, stoppable, writes

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


def test_messages_of_a_whole_run_begin_with_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr(Progress, "file", None)
    path = tmp_path / "results" / "wiki" / "logs" / "train.minilm.infonce.log"
    start_log(path, "train")
    log = logging.getLogger("listill")
    log.info("train: kept step 32")
    log.info("selection: few topics")
    log.info("train: 3 of 8 queries", extra=FILE_ONLY)
    name = "wiki train minilm.infonce"
    assert capsys.readouterr().err == f"{name}: kept step 32\n{name}: selection: few topics\n"
    assert path.read_text() == "train: kept step 32\nselection: few topics\ntrain: 3 of 8 queries\n"
    assert Progress.file == tmp_path / name
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    start_log(path, "train")
    log.info("train: kept step 32")
    assert capsys.readouterr().err == f"{ERASE}{name}: kept step 32\n"  # the line of the display makes room


def test_without_a_file_there_is_only_one_handler(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(None)
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr


def wait_after(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(10)


def failed_import() -> None:
    """As in transformers, which turns an exception during an import into an error of its own."""
    try:
        wait_after(signal.SIGINT)
    except BaseException:
        raise ModuleNotFoundError("Could not import module") from None


@pytest.mark.usefixtures("signals_of_a_terminal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_work_and_handlers_are_restored(number: int, caplog: pytest.LogCaptureFixture) -> None:
    before, hook = signal.getsignal(number), sys.unraisablehook
    with pytest.raises(SystemExit) as stopped, stoppable("mine"):
        wait_after(number)
    assert stopped.value.code == 128 + number
    assert caplog.messages == ["listill mine: stopped; run again to resume"]
    assert signal.getsignal(number) is before
    assert sys.unraisablehook is hook


@pytest.mark.usefixtures("signals_of_a_terminal")
def test_an_error_that_a_signal_caused_is_no_error() -> None:
    with pytest.raises(SystemExit), stoppable("mine"):
        failed_import()
    with pytest.raises(ModuleNotFoundError), stoppable("mine"):
        raise ModuleNotFoundError("not caused by a signal")


def test_a_signal_in_a_destructor_stops_the_work_too() -> None:
    """Python ignores exceptions there, and shows a traceback."""
    code = (
        "import os, signal, time; from listill.stages.process import start_log, stoppable\n"
        "class Slow:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)\n"
        "start_log(None)\n"
        "with stoppable('mine'):\n"
        "    slow = Slow(); del slow; time.sleep(20)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "listill mine: stopped; run again to resume\n")


def test_a_process_goes_on_if_its_signals_are_ignored() -> None:
    """As nohup ignores SIGHUP, and a shell script SIGINT in what it starts in the background; SIGTERM stops it still."""
    code = (
        "import os, signal; from listill.stages.process import start_log, stoppable\n"
        "start_log(None)\n"
        "with stoppable('mine'):\n"
        "    for number in (signal.SIGHUP, signal.SIGINT): os.kill(os.getpid(), number)\n"
        "    print('went on', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    line = ["sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh", sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.stdout == "went on\n"
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "listill mine: stopped; run again to resume\n")


@pytest.mark.parametrize(
    ("world", "rank", "expected"), [(None, None, True), ("1", "3", True), ("2", "0", True), ("2", "1", False)]
)
def test_one_of_several_processes_writes(
    world: str | None, rank: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WORLD_SIZE", world), ("RANK", rank)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert writes() is expected


def test_control_characters_of_messages_are_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id or text in a message could clear the terminal, change its title or hide a part of the line."""
    path = tmp_path / "x.log"
    start_log(path)
    logging.getLogger("listill").warning("id '%s'", "\x1b]0;title\x07\x1b[2J\r\x9b \u202e \ud83d é\t\U0001f600\nnext")
    expected = "id '\\x1b]0;title\\x07\\x1b[2J\\r\\x9b \\u202e \\ud83d é\t\U0001f600\nnext'\n"
    assert path.read_text() == capsys.readouterr().err == expected
