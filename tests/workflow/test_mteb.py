"""Tasks of MTEB in the workflow: which systems are measured, and what a run says that cannot."""

import shutil
from pathlib import Path
from typing import Any

import flow

TASKS = ["NanoSciFactRetrieval"]


def test_the_base_and_all_trained_students_are_measured(
    finished: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    new = flow.changed(settings, "evaluation.mteb", TASKS)
    jobs = flow.scheduled(Path(shutil.copytree(finished, tmp_path / "run")), new)
    assert jobs == {"stage_settings": 1 + 3, "probe_mteb": 1 + len(flow.VARIANTS), "write_report": 1}


def test_a_task_that_does_not_exist_or_a_missing_package_is_one_line(
    finished: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    """Whether mteb is installed or not."""
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    target = f"results/{flow.CORPUS}/mteb/{flow.STUDENT}.parquet"
    done = flow.run(folder, flow.changed(settings, "evaluation.mteb", ["NoSuchTask"]), target)
    assert done.returncode == 1
    log = (flow.results(folder) / "logs" / f"mteb.{flow.STUDENT}.log").read_text()
    (line,) = [line for line in log.splitlines() if "error" in line]
    assert line.startswith("listill mteb: error: evaluation.mteb: ")
    assert "Traceback" not in log
