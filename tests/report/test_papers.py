"""The command that prints and writes the tables of the papers."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from listill import tables
from listill.report import papers
from plan_config import CONFIG
from summary_tables import ROWS, summary

CONFIG = CONFIG | {
    "students": {"minilm": {"model": "m"}},
    "corpora": {"a": CONFIG["corpora"]["c"], "b": CONFIG["corpora"]["d"]},
}
VARIANTS = {"listwise": {"losses": {"listwise": 1}}, "infonce": {"losses": {"infonce": 1}}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config of two corpora, of which one has been run."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG | {"training": {"variants": VARIANTS}}))
    tables.write(tmp_path / "results/a/summary.parquet", "summary", summary(ROWS), tables.Provenance("summary", "0"))
    return path


def command(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "listill.report.papers", str(config.parent / "results"), "--config", str(config)]
    return subprocess.run([*line, *options], capture_output=True, text=True, check=False)


def test_the_tables_of_what_was_run(config: Path) -> None:
    done = command(config)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "nDCG@10 on a: 812 test topics; b: not run."
    assert "| student |  | a | b | mean |" in lines
    assert "| minilm | base | 0.544 |  |  |" in lines
    assert r"| minilm | InfoNCE | 0.610 +0.066\*\* [+0.056 to +0.076] |  |  |" in lines
    assert sum(line.startswith("The config has no variants for this table.") for line in lines) == 3


def test_the_page_is_written(config: Path) -> None:
    page, text = config.parent / "papers.html", config.parent / "papers.md"
    done = command(config, "--page", str(page), "--text", str(text))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert text.read_text() == command(config).stdout
    html = page.read_text()
    assert "Table 1: losses" in html
    assert '0.610 <span class="delta up">+0.066**</span><br><small>+0.056 to +0.076</small>' in html
    assert "b: not run" in html
    assert "http" not in html  # self-contained


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such config file"),
        ("a: [", "not YAML"),
        ("sede: 1", "unknown key 'sede'"),
        (yaml.safe_dump(CONFIG | {"corpora": {"z": CONFIG["corpora"]["a"]}}), "has a summary.parquet: run it first"),
    ],
)
def test_faults(config: Path, content: str | None, message: str) -> None:
    config.unlink()
    if content is not None:
        config.write_text(content)
    done = command(config)
    assert done.returncode == 1
    assert done.stderr.startswith("listill: error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_kept_base_and_several_variants_are_named(config: Path) -> None:
    figures = summary(ROWS)
    figures.loc[figures["system"] == "minilm.infonce", "kept"] = 0
    tables.write(config.parent / "results/a/summary.parquet", "summary", figures, tables.Provenance("summary", "0"))
    again = CONFIG | {"training": {"variants": VARIANTS | {"slow": {"losses": {"listwise": 1}, "learning_rate": 1e-6}}}}
    config.write_text(yaml.safe_dump(again))
    said = command(config).stdout
    assert "[+0.056 to +0.076] base kept" in said
    assert "minilm, listwise: of several variants, the best on dev is shown: minilm.listwise (a)" in said
    assert papers.NOTES[1] in said
