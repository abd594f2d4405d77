"""The display of a run: what it shows of Snakemake's messages, and when."""

import io
import logging
import re
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from listill.display import Display
from listill.progress import ERASE, FOLDER

SNAKEMAKE = "/site-packages/snakemake/workflow.py"
LOG = "results/wiki/logs/train.a.b.log"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def rule(name: str, *output: str, command: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(name=name, output=output, shellcmd=command)


RULES = (
    rule("train_student", "model", command="python -m train --log {log}"),
    rule("stage_settings", "json", command="printf > {output} 2> {log}"),
    rule("write_papers", "page", command="python -m papers 2> {log}"),
    rule("estimate", command="python -m estimate --log {log}"),
    rule("all"),
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A run of Snakemake as far as the display looks at it."""
    monkeypatch.setenv("TERM", "xterm")
    rules = {one.name: one for one in RULES}
    return SimpleNamespace(
        executor_plugin=object(), dryrun=False, touch=False, local_exec=True, rules=rules.values(), get_rule=rules.get
    )


def shown(run: Any, stream: io.StringIO | None = None) -> tuple[Display, io.StringIO, list[str]]:
    stream = io.StringIO() if stream is None else stream
    closed: list[str] = []
    return Display(logging.StreamHandler(stream), run, lambda: closed.append("closing")), stream, closed


def say(display: Display, text: str = "", level: int = logging.INFO, path: str = SNAKEMAKE, **fields: Any) -> None:
    record = logging.LogRecord("snakemake", level, path, 1, text, None, None)
    record.__dict__.update(fields)
    display.handle(record)


def begin(display: Display, jobid: int, name: str, log: str, local: bool = False) -> None:
    """Start a job."""
    say(display, event="job_info", jobid=jobid, rule_name=name, log=[log], local=local)


def start(display: Display, name: str = "train_student", log: str = LOG, local: bool = False) -> None:
    """Start a run and its job 1."""
    say(display, event="run_info", stats={"train_student": 2, "stage_settings": 5, "all": 1, "total": 8})
    begin(display, 1, name, log, local)


def fail(display: Display, name: str, log: str, message: str | None = None) -> None:
    """Fail job 1; ``message`` is what the executor says about it."""
    error = {"event": "job_error", "jobid": 1, "rule_name": name, "log": [log], "rule_msg": message}
    say(display, f"Error in rule {name}", logging.ERROR, **error)


def test_a_step_in_a_log(run: Any) -> None:
    display, stream, _ = shown(run)
    for noise in ("Select jobs to execute...", "Building DAG of jobs...", "Conda environments: ignored"):
        say(display, noise)
    start(display)
    begin(display, 2, "stage_settings", "results/wiki/logs/config/x.log", local=True)
    say(display, event="job_finished", job_id=2)
    say(display, event="progress", done=1, total=8)
    say(display, event="job_finished", job_id=1)
    display.succeeded()
    assert stream.getvalue().splitlines() == [
        "2 steps; to stop: Ctrl-C, then run the same command again to resume",
        "wiki train a.b: started",
        "[1 of 2] wiki train a.b: done in 0:00",
        "1 step in 0:00",
    ]


def test_a_line_a_minute(run: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr(Display, "every", 0.05)
    (tmp_path / "wiki train a.b").write_text("train: 3 of 8 queries, 2 a second, 0:03 left")
    display, stream, _ = shown(run)
    start(display)
    begin(display, 2, "train_student", "results/wiki/logs/train.a.c.log")
    time.sleep(0.5)
    expected = "[0 of 2] wiki train a.b: 3 of 8 queries, 2 a second, 0:03 left | wiki train a.c"
    assert stream.getvalue().splitlines().count(expected) > 2


def test_a_terminal_has_one_line_that_is_rewritten(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listill.display.time.sleep", lambda seconds, sleep=time.sleep: sleep(0.02))
    display, stream, _ = shown(run, Terminal())
    start(display)
    say(display, "a warning", logging.WARNING)
    threading_wait = time.monotonic() + 5
    while stream.getvalue().count(f"{ERASE}[0 of 2] wiki train a.b") < 3 and time.monotonic() < threading_wait:
        pass
    say(display, event="job_finished", job_id=1)
    text = stream.getvalue()
    assert text.count(f"{ERASE}[0 of 2] wiki train a.b") >= 3
    assert "started" not in text
    assert f"{ERASE}a warning\n" in text
    assert text.endswith(f"{ERASE}[1 of 2] wiki train a.b: done in 0:00\n")


def test_an_interruption_is_two_lines(run: Any) -> None:
    display, stream, _ = shown(run)
    start(display)
    before = len(stream.getvalue().splitlines())
    say(display, "Terminating processes on user request, this might take some time.")
    fail(display, "train_student", "x.log")
    say(display, "CalledProcessError in file", logging.ERROR, event="error", exception="RuleException")
    display.failed()
    say(display, "At least one job did not complete", logging.ERROR, event="error", exception="WorkflowError")
    assert stream.getvalue().splitlines()[before:] == [
        "stopping: wiki train a.b",
        "stopped: 0 of 2 steps are done; run the same command again to resume",
    ]


@pytest.mark.parametrize("local", [True, False])
def test_a_failed_step(run: Any, tmp_path: Any, local: bool) -> None:
    """The messages of a job on this machine are on the terminal already; those of a cluster's job are in its log."""
    run.local_exec = local
    log = tmp_path / "train.a.b.log"
    log.write_text("listill train: error: no lists\n")
    display, stream, _ = shown(run)
    start(display, log=str(log))
    fail(display, "train_student", str(log))
    say(display, "CalledProcessError in file", logging.ERROR, event="error", exception="RuleException")
    display.failed()
    say(
        display,
        "At least one job did not complete successfully.",
        logging.ERROR,
        event="error",
        exception="WorkflowError",
    )
    text = stream.getvalue()
    assert f"failed after 0:00: see {log}\n" in text
    assert ("listill train: error: no lists\n" in text) == (not local)
    assert text.endswith(
        "stopped after an error: 0 of 2 steps are done; fix it, then run the same command again to resume\n"
    )


@pytest.mark.parametrize("local", [True, False])
def test_a_failed_job_without_output(run: Any, tmp_path: Any, local: bool) -> None:
    """What a local job has said is not repeated, also if the job is no step."""
    run.local_exec = False
    log = tmp_path / "estimate.log"
    log.write_text("listill estimate: error: no such file\n")
    display, stream, _ = shown(run)
    start(display, "estimate", str(log), local)
    fail(display, "estimate", str(log))
    assert stream.getvalue().splitlines()[1:] == [
        f"estimate: failed: see {log}",
        *([] if local else ["listill estimate: error: no such file"]),
    ]


def test_what_a_cluster_says_about_a_failed_job(run: Any) -> None:
    """A job that could not be submitted, or whose node has failed, has no log."""
    run.local_exec = False
    display, stream, _ = shown(run)
    start(display)
    fail(display, "train_student", LOG, "sbatch: error: invalid partition specified: gpu")
    assert stream.getvalue().splitlines()[2:] == [
        f"wiki train a.b: failed after 0:00: see {LOG}",
        "sbatch: error: invalid partition specified: gpu",
        f"{LOG}: no such file",
    ]


def test_errors_and_the_messages_of_plugins_are_shown(run: Any) -> None:
    display, stream, _ = shown(run)
    say(display, "WorkflowError: another run is active", logging.ERROR, event="error", exception="WorkflowError")
    say(display, "Job 1 has been submitted", path="/site-packages/snakemake_executor_plugin_slurm/__init__.py")
    assert stream.getvalue() == "WorkflowError: another run is active\nJob 1 has been submitted\n"


def test_with_nothing_to_do_the_results_are_shown(run: Any) -> None:
    display, stream, closed = shown(run)
    say(display, "Nothing to be done (all requested files are present and up to date).")
    assert stream.getvalue() == "nothing to do: all files are there and up to date\n"
    assert closed == ["closing"]


@pytest.mark.parametrize("kind", [{"executor_plugin": None}, {"dryrun": True}, {"touch": True}])
def test_what_executes_nothing_is_shown_by_snakemake(run: Any, kind: dict[str, Any]) -> None:
    run.__dict__.update(kind)
    display, stream, closed = shown(run)
    say(display, "Nothing to be done (all requested files are present and up to date).")
    display.succeeded()
    display.failed()
    assert stream.getvalue() == "Nothing to be done (all requested files are present and up to date).\n"
    assert closed == []


def test_ctrl_c_outside_of_jobs_is_one_line() -> None:
    code = "from listill import display; display.stop_in_one_line(); raise KeyboardInterrupt"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "stopped: run the same command again to resume\n"
    assert done.returncode != 0
    other = subprocess.run(
        [sys.executable, "-c", code.replace("KeyboardInterrupt", "ValueError")], capture_output=True, check=False
    )
    assert re.search(rb"Traceback.*ValueError", other.stderr, re.DOTALL)


def test_the_folder_of_the_states_is_there_while_the_run_is(
    run: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "progress"))
    removed: list[Any] = []
    monkeypatch.setattr("listill.display.atexit.register", lambda *arguments, **_: removed.append(arguments[1]))
    display, _, _ = shown(run)
    assert not (tmp_path / "progress").exists()
    start(display)
    assert (tmp_path / "progress").is_dir()
    assert removed == [str(tmp_path / "progress")]


@pytest.mark.parametrize(("name", "after"), [("stage_settings", ""), ("write_papers", " after 0:00")])
def test_what_a_failed_job_has_written_to_its_log_alone_is_shown(
    run: Any, tmp_path: Any, name: str, after: str
) -> None:
    log = tmp_path / "results" / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True)
    log.write_text("printf: write error: No space left on device\n")
    display, stream, _ = shown(run)
    start(display, name, str(log), local=True)
    fail(display, name, str(log))
    assert stream.getvalue().splitlines()[-2:] == [
        f"{name}: failed{after}: see {log}",
        "printf: write error: No space left on device",
    ]
