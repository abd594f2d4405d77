"""listill as a module of another workflow, as snakedeploy and Snakemake's workflow catalogue use it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import flow
import forked_jobs
import pandas as pd
import yaml

DEPLOYED = f"""
configfile: "config/config.yaml"

module listill:
    snakefile: "{flow.ROOT}/workflow/Snakefile"
    config: config

use rule * from listill as listill_*

rule count:
    default_target: True
    input: "results/tiny/queries.parquet"
    output: "results/count.txt"
    shell: "wc -c {{input}} > {{output}}"
"""


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    variables = flow.environment() | forked_jobs.environment()
    return subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def deploy(folder: Path, settings: dict[str, Any]) -> None:
    """Write what snakedeploy does: a Snakefile with the module, and the config that the user edits."""
    (folder / "workflow").mkdir(parents=True)
    (folder / "workflow" / "Snakefile").write_text(DEPLOYED)
    (folder / "config").mkdir()
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(settings))


def test_rules_of_the_module_run_in_another_workflow(tmp_path: Path, settings: dict[str, Any]) -> None:
    deploy(tmp_path, settings)
    done = snakemake(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rule listill_generate_queries:" in done.stderr  # that workflow has Snakemake's own display
    assert (tmp_path / "results" / "count.txt").read_text()
    assert len(pd.read_parquet(flow.results(tmp_path) / "queries.parquet"))
    whole = snakemake(tmp_path, "listill_all", "--dry-run", "--quiet", "rules")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "listill_train_student" in whole.stdout + whole.stderr


def test_both_snakefiles_make_the_same(finished: Path, settings: dict[str, Any]) -> None:
    line = flow.command(finished, settings, "--dry-run")
    line[line.index("--snakefile") + 1] = str(flow.ROOT / "workflow" / "Snakefile")
    done = subprocess.run(line, cwd=finished, env=flow.environment(), capture_output=True, text=True, check=False)
    assert "Nothing to be done" in done.stdout + done.stderr
    everything = subprocess.run(
        [*line, "--forceall", "--quiet", "rules"], cwd=finished, env=flow.environment(), capture_output=True, text=True
    )
    assert "train_student" in everything.stdout + everything.stderr


def test_without_the_package_one_line_says_so(tmp_path: Path) -> None:
    """As from a repository elsewhere, of which Snakemake fetches the Snakefiles only."""
    shutil.copy(flow.ROOT / "Snakefile", tmp_path)
    (tmp_path / "workflow" / "listill").mkdir(parents=True)
    (tmp_path / "workflow" / "listill" / "__init__.py").write_text("raise ImportError")
    done = snakemake(tmp_path, "--dry-run")
    assert done.returncode == 1
    assert "listill is not installed where Snakemake runs: pip install . in a clone of it" in done.stdout + done.stderr
