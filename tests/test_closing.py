"""The last lines of a run."""

import sys
from pathlib import Path

import pytest

from listill import closing, tables
from summary_tables import ROWS, summary


def test_a_target_without_a_report_lists_its_files() -> None:
    targets = ["results/wiki/topics.parquet", "results/wiki/corpus.parquet"]
    assert closing.text([*targets, "results/wiki/config/corpus.json"], targets).splitlines() == [
        "files:",
        "  results/wiki/corpus.parquet",
        "  results/wiki/topics.parquet",
    ]


def test_many_files_are_listed_by_folder() -> None:
    targets = [f"results/wiki/lists/{i}.parquet" for i in range(20)] + ["results/wiki/funnel/x.parquet"]
    assert closing.text(targets, targets).splitlines() == ["files:", "  results/wiki/funnel/", "  results/wiki/lists/"]


def test_every_report_has_its_table_and_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        folder = tmp_path / "results" / name
        tables.write(folder / "summary.parquet", "summary", summary(ROWS), tables.Provenance("summary", "0"))
        (folder / "report.html").touch()
    made = ["results/two/report.html", "results/one/report.html", "results/one/summary.parquet"]
    said = closing.text(made, made)
    assert said.index("one, test: 812 test topics") < said.index("two, test: 812 test topics")
    assert said.splitlines()[-1] == f"the page: {tmp_path}/results/two/report.html"
    papers = closing.text(made, [*made, "results/papers.html"])
    assert papers == f"{said}\n\n\nthe papers' tables: {tmp_path}/results/papers.html"
    both = closing.text(made, [*made, "results/papers.html", "results/overview.html"])
    overview = f"the overview: {tmp_path}/results/overview.html"
    assert both == f"{said}\n\n\n{overview}\nthe papers' tables: {tmp_path}/results/papers.html"


def test_without_the_libraries_of_the_table_the_places_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "listill.report.table", None)
    monkeypatch.delattr("listill.report.table", raising=False)
    said = closing.text(["results/one/report.html"], [])
    assert f"the page: {Path('results/one/report.html').absolute()}" in said
    assert "python -m listill.report.table results/one" in said


def test_a_damaged_table_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "summary.parquet").write_text("no table")
    closing.show([str(tmp_path / "report.html")], [])
    assert capsys.readouterr().out.startswith(f"\nlistill: error: {tmp_path / 'summary.parquet'}: not a Parquet file")
