"""The result table on the terminal, and the verdict."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from listill import tables
from listill.schemas import SCHEMAS
from listill.report.results import Results, p_text
from listill.report.table import WIDTH, table, text

NAN = float("nan")


def summary(
    rows: dict[tuple[str, str], tuple[float, float, float]], measures: tuple[str, ...] = ("nDCG@10",)
) -> pd.DataFrame:
    """Return a summary of {(system, split): (value, base, p_value)}."""
    found = [
        (system, split, measure, value, base, value - base, value - base - 0.01, value - base + 0.01, p_value, 812)
        for (system, split), (value, base, p_value) in rows.items()
        for measure in measures
    ]
    frame = pd.DataFrame(found, columns=SCHEMAS["summary"].names)
    frame.loc[frame["p_value"].isna(), ["ci_low", "ci_high"]] = 0.0
    return frame


# On test, infonce is the better one; dev prefers listwise.
ROWS = {
    ("minilm", "test"): (0.544, 0.544, NAN),
    ("minilm", "dev"): (0.540, 0.540, NAN),
    ("minilm.listwise", "test"): (0.595, 0.544, 0.0003),
    ("minilm.listwise", "dev"): (0.600, 0.540, 0.0003),
    ("minilm.infonce", "test"): (0.610, 0.544, 0.0002),
    ("minilm.infonce", "dev"): (0.590, 0.540, 0.0003),
    ("bm25", "test"): (0.534, 0.544, 0.2),
    ("teacher", "test"): (0.640, 0.544, 0.00001),
}


def sentence(rows: dict[tuple[str, str], tuple[float, float, float]]) -> str:
    [verdict] = Results(summary(rows)).verdicts()
    return f"{verdict.sentence}. {verdict.caveat}"


def test_the_verdict_is_on_the_variant_that_dev_chose() -> None:
    assert sentence(ROWS) == (
        "minilm.listwise beats minilm by +0.051 nDCG@10 (0.544 -> 0.595, p = 0.0003, 812 test topics); chosen on dev. "
    )


def test_no_significant_gain_is_said() -> None:
    weak = {key: (value, base, p and max(p, 0.3)) for key, (value, base, p) in ROWS.items()}
    assert sentence(weak).startswith("no variant is significantly better than minilm; minilm.listwise: +0.051")
    chosen = ROWS | {("minilm.listwise", "test"): (0.546, 0.544, 0.4)}
    assert sentence(chosen).startswith("minilm.listwise is not significantly better than minilm: +0.002")
    harmed = ROWS | {("minilm.listwise", "test"): (0.500, 0.544, 0.001)}
    assert sentence(harmed).startswith("minilm.listwise is worse than minilm by -0.044")


def test_without_dev_nothing_is_chosen_by_test_figures() -> None:
    test = {key: row for key, row in ROWS.items() if key[1] == "test"}
    assert sentence(test).startswith("no dev queries to choose a variant of minilm by")
    del test["minilm.infonce", "test"]
    assert sentence(test).startswith("minilm.listwise beats minilm")


def test_held_out_queries_stand_in_for_test_topics_with_a_caveat() -> None:
    rows = {(system, split.replace("test", "heldout")): row for (system, split), row in ROWS.items()}
    assert "812 held-out synthetic queries" in sentence(rows)
    assert "self-consistency, not relevance" in sentence(rows)


def test_the_table_names_every_system_in_order() -> None:
    lines = table(Results(summary(ROWS)), "python_api").splitlines()
    assert lines[0] == "python_api, test: 812 queries"
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


def test_p_values_are_readable() -> None:
    assert [p_text(p) for p in (0.00001, 0.0003, 0.012, 1.0, NAN)] == [
        "< 0.0001",
        "= 0.0003",
        "= 0.012",
        "= 1.000",
        "n/a",
    ]


def test_the_command_prints_each_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        tables.write(tmp_path / name / "summary.parquet", "summary", summary(ROWS), tables.Provenance("summary", "0"))
    command = [sys.executable, "-m", "listill.report.table"]
    done = subprocess.run([*command, tmp_path / "one", tmp_path / "two"], capture_output=True, text=True, check=True)
    assert "one, test: 812 queries" in done.stdout
    assert "two, test: 812 queries" in done.stdout
    assert text(tmp_path / "one") in done.stdout
    failed = subprocess.run([*command, tmp_path / "three"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.strip() == f"listill: error: {tmp_path / 'three' / 'summary.parquet'}: no such file"
