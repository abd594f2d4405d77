"""The overview page over several corpora."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from listill import tables
from listill.errors import UserError
from listill.report.cell import Cell
from listill.report.overview import macro, read, render, rows
from listill.report.results import Results
from summary_tables import NAN, ROWS, summary

WORSE = {
    key: (value - 0.1, base, p_value) if "." in key[0] else (value, base, p_value)
    for key, (value, base, p_value) in ROWS.items()
}


@pytest.fixture
def results() -> dict[str, Results]:
    return {"one": Results(summary(ROWS)), "other one": Results(summary(WORSE))}


def test_every_corpus_has_its_verdict_and_link(results: dict[str, Results]) -> None:
    page = render(results)
    assert 'href="other%20one/report.html"' in page
    assert 'href="papers.html"' in page
    text = " ".join(page.split())
    assert ">HELPED</b> 1 of 2, " in text
    assert ">HURT</b> 1 of 2." in text
    assert "http" not in page


def test_the_mean_over_corpora_is_a_macro_average(results: dict[str, Results]) -> None:
    mean = {row.system: row.mean for row in rows(results, "nDCG@10")}["minilm.listwise"]
    assert mean
    assert (mean.value, mean.delta) == (pytest.approx(0.545), pytest.approx(0.001))
    assert mean.high - mean.delta == pytest.approx(np.sqrt(2 * 0.01**2) / 2)


def test_the_interval_of_a_joint_student_is_an_upper_bound(tmp_path: Path) -> None:
    """listwise is one model for both corpora, infonce is another model on each."""
    table = summary(ROWS | {("minilm.listwise+bm25", "test"): (0.6, 0.544, 0.001)})
    for name in ("a", "b"):
        lineage = {"joint/minilm/listwise-seed2": "1", f"{name}/models/minilm/infonce": "2", f"{name}/corpus": "3"}
        about = tables.Provenance("summary", "0", lineage, {}, name)
        tables.write(tmp_path / name / "summary.parquet", "summary", table, about)
    found = {
        row.system: row.mean for row in rows(read([tmp_path / name / "summary.parquet" for name in "ab"]), "nDCG@10")
    }
    halves = {system: mean.high - mean.delta for system, mean in found.items() if mean}
    assert [halves[name] for name in ("minilm.listwise", "minilm.listwise+bm25")] == pytest.approx([0.01, 0.01])
    assert halves["minilm.infonce"] == pytest.approx(0.01 / np.sqrt(2))


def test_the_interval_covers_the_mean_of_errors_that_are_the_same_on_all_corpora() -> None:
    rng = np.random.default_rng(4)
    errors = np.array([0.01, 0.02, 0.04])
    covered = []
    for draw in rng.normal(0, 1, 2000):
        found = draw * errors
        cells = [Cell(0.5, 0.5, d, d - 1.96 * e, d + 1.96 * e, 0.1) for d, e in zip(found, errors, strict=True)]
        mean = macro(cells, joint=True)
        covered.append(mean.low <= 0 <= mean.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_the_interval_of_a_mean_covers_it_as_often_as_it_should() -> None:
    """Of corpora with 95 % intervals, the mean's interval contains the true mean in about 95 % of the draws."""
    rng = np.random.default_rng(3)
    errors, deltas = np.array([0.01, 0.02, 0.04]), np.array([0.03, -0.01, 0.1])
    covered = []
    for _ in range(2000):
        found = rng.normal(deltas, errors)
        cells = [Cell(0.5, 0.5, d, d - 1.96 * e, d + 1.96 * e, 0.1) for d, e in zip(found, errors, strict=True)]
        mean = macro(cells)
        covered.append(mean.low <= deltas.mean() <= mean.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_a_system_that_is_missing_somewhere_has_no_mean(results: dict[str, Results]) -> None:
    fewer = {key: row for key, row in WORSE.items() if key[0] != "minilm.infonce"}
    found = {row.system: row for row in rows(results | {"other one": Results(summary(fewer))}, "nDCG@10")}
    assert found["minilm.infonce"].cells["other one"] is None
    assert found["minilm.infonce"].mean is None
    assert found["minilm"].mean
    assert np.isnan(found["minilm"].mean.low)  # a base has no interval


def test_corpora_without_a_common_measure_are_an_error(results: dict[str, Results]) -> None:
    with pytest.raises(UserError, match="one, other one have no measure in common"):
        render(results | {"other one": Results(summary(ROWS, ("P@5",)))})


def test_one_corpus_and_a_corpus_without_training() -> None:
    page = render({"only": Results(summary({("m", "test"): (0.5, 0.5, NAN)}))})
    assert "no trained variant has been evaluated" in page
    assert "mean difference" not in page


def test_the_command(tmp_path: Path) -> None:
    for name in ("a", "b"):
        about = tables.Provenance("summary", "0", {}, {}, name)
        tables.write(tmp_path / name / "summary.parquet", "summary", summary(ROWS), about)
    files = [tmp_path / name / "summary.parquet" for name in "ab"]
    command = [sys.executable, "-m", "listill.report.overview", *files, "--page", tmp_path / "overview.html"]
    subprocess.run(command, check=True)
    assert 'href="a/report.html"' in (tmp_path / "overview.html").read_text()
    with pytest.raises(UserError, match="the corpus 'a' is there twice"):
        read([files[0], files[0]])
