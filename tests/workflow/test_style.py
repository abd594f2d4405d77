"""The workflow's style, and the shipped configs."""

import re
import resource
import subprocess
import sys
from pathlib import Path

import flow
import pytest
import yaml

ROOT = flow.ROOT
BIN = Path(sys.executable).parent


def test_snakefmt() -> None:
    done = subprocess.run(
        [BIN / "snakefmt", "--check", "Snakefile", "workflow/Snakefile", "workflow/rules"],
        cwd=ROOT,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_lint(tmp_path: Path) -> None:
    done = flow.lint(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.stem)
def test_dry_run_of_every_config(file: Path, tmp_path: Path) -> None:
    """Without GPU, hub or data; LISTILL_DATA is not set."""
    assert flow.scheduled(tmp_path, file.read_text())["write_report"] >= 1


def test_a_dry_run_of_the_papers_settings_takes_seconds(tmp_path: Path) -> None:
    """1422 jobs; in seconds of processor time, so that a busy machine does not matter."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    jobs = flow.scheduled(tmp_path, (ROOT / "config" / "paper.yaml").read_text())
    assert jobs["train_student"] == 10 * 4 * 3 + 6 * 5  # losses; query types alone, of one student on five corpora
    assert spent() - before < 10


def test_the_demo_runs_its_short_jobs_with_models_in_pairs() -> None:
    """A rule that is renamed would silently get all cores again."""
    paired = re.search(r"^PAIRED := (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert paired
    text = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    blocks = {block.partition(":")[0]: block for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]}
    for rule in paired[1].split():
        assert "threads: THREADS" in blocks[rule]
        assert "gpu=1" in blocks[rule]


def test_the_catalogue_entry() -> None:
    entry = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert entry["usage"]["software-stack-deployment"]["conda"] is True
