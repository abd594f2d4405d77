"""The tables of the papers, through the real Snakefile."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow


def test_the_tables_of_a_finished_run(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """They are made of what is there, again when the config changes, and not again when it does not."""
    folder = copied()
    flow.make(folder, settings, "papers")
    said = (folder / "results/papers.md").read_text()
    assert "Table 1: losses" in said
    assert "| small | listwise - InfoNCE |" not in said  # the run has no variant with InfoNCE alone
    assert all(f"| small | {label} |" in said for label in ("base", "listwise", "combined"))
    page, overview = ((folder / f"results/{name}.html").read_text() for name in ("papers", "overview"))
    assert "Table 1: losses" in page
    assert 'href="overview.html"' in page
    assert 'href="papers.html"' in overview
    assert 'href="tiny/report.html"' in overview
    assert not flow.scheduled(folder, settings, "papers")
    changed = flow.changed(settings, "evaluation.examples", 3)
    assert flow.scheduled(folder, changed, "papers")["write_papers"] == 1


def test_the_error_of_a_page_is_shown_once(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    folder = copied()
    (flow.results(folder) / "comparisons.parquet").write_text("no table")
    done = flow.run(folder, settings, "results/overview.html")
    assert done.returncode != 0
    assert done.stderr.count("comparisons.parquet: not a Parquet file") == 1, done.stderr


def test_several_corpora_have_an_overview(settings: dict[str, Any], tmp_path: Path) -> None:
    assert "write_overview" not in flow.scheduled(tmp_path, settings, "report")
    two = flow.changed(settings, "corpora.other", settings["corpora"]["tiny"])
    assert flow.scheduled(tmp_path, two, "report")["write_overview"] == 1


def test_the_pages_are_in_snakemakes_report(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    folder = copied()
    flow.make(folder, settings, "report", "--report", "run.zip")
    with zipfile.ZipFile(folder / "run.zip") as archive:
        [page] = [name for name in archive.namelist() if "/data/" in name and name.endswith("/report.html")]
        assert "<h1>listill" in archive.read(page).decode()
