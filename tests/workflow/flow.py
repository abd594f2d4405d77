"""Run the real Snakefile on a tiny corpus with a tiny model, in a folder of its own, as a user would."""

import copy
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import forked_jobs
import forked_stage
import pandas as pd
import yaml

from listill import tables
from listill.plan import Plan

ROOT = Path(__file__).parents[2]
CORPUS, STUDENT = "tiny", "small"
VARIANTS = ("combined", "listwise")
# One thread a job: two jobs then share the two cores that tests can count on, and sums have one order everywhere.
HEAVY = (
    *(
        "ask_model",
        "encode_corpus",
        "encode_share",
        "mine_candidates",
        "gate_teacher",
        "rerank_topics",
        "score_candidates",
        "score_share",
        "train_student",
    ),
    *("search_base", "search_trained", "search_other"),
    *("mine_again", "score_again", "train_again"),
    *("probe_mteb", "train_on_share"),
    *("train_joint", "encode_joint", "search_joint"),
    *("check_models", "export_model"),
    "estimate",
)
SPREAD = ["--set-threads", *(f"{rule}=1" for rule in HEAVY), "--resources", "gpu=3", "--cores", "3"]


def config(beir: Path, model: Path) -> dict[str, Any]:
    """Return a config that takes a minute: one corpus, one student, two variants."""
    return {
        "seed": 7,
        "corpora": {CORPUS: {"source": {"kind": "beir", "path": str(beir)}, "heldout": 3}},
        "students": {STUDENT: {"model": str(model), "max_length": 48}},
        "mining": {"depth": 8, "consistency": {"top": 8}},
        "teacher": {"gate": {"action": "warn"}},
        "training": {
            "lists": {"length": 4},
            "learning_rate": 1e-3,
            "selection": {"evaluations": 2},
            "variants": {
                "listwise": {"losses": {"listwise": 1}},
                "combined": {"losses": {"listwise": 1, "contrastive": 0.1}},
            },
        },
        "evaluation": {"resamples": 100},
    }


def changed(settings: Mapping[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return the settings with the key at ``place`` (dotted) set to ``value``."""
    new = copy.deepcopy(dict(settings))
    *path, last = place.split(".")
    inner = new
    for key in path:
        inner = inner.setdefault(key, {})
    inner[last] = value
    return new


def command(folder: Path, settings: Mapping[str, Any] | str, *arguments: str) -> list[str]:
    """Write the config and return the command line of a run in ``folder``."""
    text = settings if isinstance(settings, str) else yaml.safe_dump(dict(settings), sort_keys=False)
    # A name of its own for every content, so that dry runs can be done side by side.
    file = folder / f"config-{tables.digest(text)}.yaml"
    file.write_text(text)
    start = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return [*start, "--configfile", str(file), *SPREAD, *arguments]


def environment() -> dict[str, str]:
    """Return the environment of a run: no hub, no data of the user's."""
    return {k: v for k, v in os.environ.items() if k != "LISTILL_DATA"} | {"HF_HUB_OFFLINE": "1"}


def run(
    folder: Path, settings: Mapping[str, Any] | str, *arguments: str, forked: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake to its end, whatever that is; its jobs are forked, or processes of their own as in a user's run."""
    folder.mkdir(parents=True, exist_ok=True)
    line = command(folder, settings, *arguments)
    variables = environment() | (forked_jobs.environment() if forked else {})
    return subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Let Snakemake look for bad style."""
    line = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--directory",
        str(folder),
        "--lint",
    ]
    return subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True)


def make(folder: Path, settings: Mapping[str, Any] | str, *arguments: str, forked: bool = True) -> str:
    """Run Snakemake and return what it said; the test fails if the run does.

    It is forked from a process with all libraries, as its jobs are: loading them takes most of the time of a tiny run.
    """
    if forked:
        folder.mkdir(parents=True, exist_ok=True)
        line = command(folder, settings, *arguments)
        done = forked_stage.run(line, folder, environment() | forked_jobs.environment())
    else:
        done = run(folder, settings, *arguments, forked=False)
    assert done.returncode == 0, done.stdout + done.stderr + logs(folder)
    return done.stdout + done.stderr


def logs(folder: Path) -> str:
    """Return the logs of all stages, for the message of a failed test."""
    return "".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(folder.glob("results/*/logs/*.log")))


def scheduled(folder: Path, settings: Mapping[str, Any] | str, *arguments: str) -> Counter[str]:
    """Return how many jobs of each rule a dry run schedules; named targets, and a wait that does nothing, are not counted."""
    said = make(folder, settings, *arguments, "--dry-run", "--quiet", "host", "reason", "rules")
    stats = said.partition("Job stats:")[2]
    found = re.findall(r"^(\w+) +(\d+)$", stats, flags=re.MULTILINE)
    targets = {
        "all",
        "corpus",
        "queries",
        "candidates",
        "scores",
        "lists",
        "train",
        "evaluate",
        "export",
        "report",
        "papers",
        "estimate",
        "gather_shares",
        "total",
    }
    return Counter({rule: int(count) for rule, count in found if rule not in targets})


def kill_when(folder: Path, settings: Mapping[str, Any], ready: Callable[[], bool], *arguments: str) -> bool:
    """Start a run and SIGKILL it with all its jobs as soon as ``ready()``; False if it ended before that."""
    line = command(folder, settings, *arguments)
    output = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(line, cwd=folder, env=environment(), start_new_session=True, **output)
    try:
        while process.poll() is None:
            if ready():
                return True
            time.sleep(0.002)
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def results(folder: Path) -> Path:
    """Return the results folder of the corpus."""
    return folder / "results" / CORPUS


def made(folder: Path) -> set[Path]:
    """Return the files that the jobs of a run have made; a dry run, too, writes configs and logs, which are left out."""
    found = (path.relative_to(folder) for path in (folder / "results").rglob("*") if path.is_file())
    return {path for path in found if not {"config", "logs"} & set(path.parts)}


def declared(settings: Mapping[str, Any]) -> list[str]:
    """Return the Parquet files that a whole run makes, as paths in the results folder."""
    plan = Plan(settings)
    names = ["corpus", "topics", "qrels", "heldout", "queries", "candidates", "scores", "gate", "per_query", "summary"]
    names += [f"lists/{student}" for student in plan.students]
    names += [f"embeddings/{system}" for system in [*plan.retrievers, *plan.trained]]
    names += [f"models/{name.replace('.', '/')}/history" for name in plan.trained]
    names += [f"runs/{system}" for system in plan.systems_on(CORPUS)]
    names += [f"funnel/{stage}" for stage in ["queries", "candidates", *(f"lists.{s}" for s in plan.students)]]
    return [f"{name}.parquet" for name in names]


def frames(folder: Path, settings: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return all tables of a run that are there; the clock of training is left out."""
    there = [name for name in declared(settings) if (results(folder) / name).exists()]
    found = {name: pd.read_parquet(results(folder) / name) for name in there}
    return {name: frame.drop(columns="seconds", errors="ignore") for name, frame in found.items()}


def assert_same(left: Mapping[str, pd.DataFrame], right: Mapping[str, pd.DataFrame]) -> None:
    """Compare all tables exactly, to the last bit."""
    assert left.keys() == right.keys()
    for name in left:
        pd.testing.assert_frame_equal(left[name], right[name], check_exact=True, obj=name)
