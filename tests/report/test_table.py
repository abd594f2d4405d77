"""The result table on the terminal."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.report.results import Results
from listill.report.table import WIDTH, table, text
from summary_tables import NAN, ROWS, summary


def test_the_table_names_every_system_in_order() -> None:
    lines = table(Results(summary(ROWS)), "python_api").splitlines()
    assert lines[0] == "python_api, test: 812 test topics"
    body = {line.split()[0]: line for line in lines[3:8]}
    assert list(body) == ["bm25", "minilm", "minilm.infonce", "minilm.listwise", "teacher"]
    assert body["bm25"].split()[1:] == ["0.534", "-0.010", "0.200"]
    assert body["minilm"].split()[1:] == ["0.544"]
    assert body["minilm.listwise"].split()[1:] == ["<", "0.595", "+0.051**", "0.0003"]
    assert body["teacher"].endswith("< 0.0001")


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_table_is_never_too_wide(count: int) -> None:
    measures = ("nDCG@10", *(f"R@{100 * i}" for i in range(1, count)))
    rows = ROWS | {("minilm.a-variant-with-a-name-that-goes-on-and-on-and-on", "test"): (0.5, 0.544, 0.01)}
    shown = table(Results(summary(rows, measures)), "x")
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert ("not shown" in shown) == (count == 8)


def test_the_command_prints_each_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        tables.write(tmp_path / name / "summary.parquet", "summary", summary(ROWS), tables.Provenance("summary", "0"))
    command = [sys.executable, "-m", "listill.report.table"]
    done = subprocess.run([*command, tmp_path / "one", tmp_path / "two"], capture_output=True, text=True, check=True)
    assert "one, test: 812 test topics" in done.stdout
    assert "two, test: 812 test topics" in done.stdout
    assert text(tmp_path / "one") in done.stdout
    failed = subprocess.run([*command, tmp_path / "three"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.strip() == f"listill: error: {tmp_path / 'three' / 'summary.parquet'}: no such file"


def test_seeds_are_named_with_their_spread() -> None:
    results = summary(ROWS)
    several = results["system"] == "minilm.listwise"
    results.loc[several, ["seeds", "seed_sd"]] = (3, 0.0042)
    lines = table(Results(results), "x").splitlines()
    assert "minilm.listwise: mean of 3 seeds, whose means have a standard deviation of 0.0042" in lines
    assert not any(line.startswith("minilm.infonce: mean") for line in lines)


def test_the_command_reads_the_comparisons(tmp_path: Path) -> None:
    rows = ROWS | {("bm25", "test"): (0.736, 0.544, 0.001)}
    tables.write(tmp_path / "summary.parquet", "summary", summary(rows), tables.Provenance("summary", "0"))
    assert "without training" not in text(tmp_path)
    figures = {
        "value": 0.595,
        "against_value": 0.736,
        "delta": -0.141,
        "ci_low": -0.2,
        "ci_high": -0.1,
        "p_value": 0.001,
    }
    names = {"student": "minilm", "system": "minilm.listwise", "against": "bm25", "split": "test", "measure": "nDCG@10"}
    counts = {"queries": 812, "clusters": 812, "seeds": 1}
    pairs = pd.DataFrame([names | figures | counts])
    tables.write(tmp_path / "comparisons.parquet", "comparisons", pairs, tables.Provenance("comparisons", "0"))
    assert "But bm25, without training, has 0.736" in " ".join(text(tmp_path).split())


def test_the_command_says_what_was_retained_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    tables.write(folder / "summary.parquet", "summary", summary(ROWS), tables.Provenance("summary", "0"))
    other = {("minilm", "heldout"): (0.5, 0.5, NAN), ("minilm.listwise", "heldout"): (0.45, 0.5, 0.001)}
    for name in ("other", "earlier"):
        path = folder / "retention" / name / "summary.parquet"
        tables.write(path, "summary", summary(other), tables.Provenance("summary", "0"))
    assert "on other" not in text(folder)
    report = folder / "config" / "report.json"
    report.parent.mkdir()
    report.write_text(json.dumps({"config": {"evaluation": {"retention": {"corpora": ["other"], "max_loss": 0.005}}}}))
    said = " ".join(text(folder).split())
    assert (
        "on other (812 held-out synthetic queries), minilm.listwise: nDCG@10 0.500 -> 0.450, -0.050 (-0.060 to -0.040): lost"
        in said
    )
    assert "earlier" not in said  # not in the config of the last report
    report.write_text("{")
    with pytest.raises(UserError, match=r"report\.json: damaged: remove it"):
        text(folder)
