"""The tables of the papers, through the real Snakefile."""

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
    assert "Table 1: losses" in (folder / "results/papers.html").read_text()
    assert not flow.scheduled(folder, settings, "papers")
    changed = flow.changed(settings, "evaluation.examples", 3)
    assert flow.scheduled(folder, changed, "papers")["write_papers"] == 1
