"""The tables of the papers, filled from the tables of several corpora."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.report.paper_layout import ENSEMBLE, Layout
from listill.report.paper_tables import Measured, Row, fill, read
from listill.report.results import Results
from listill.schemas import SCHEMAS
from summary_tables import NAN, ROWS, summary

LOSSES = Layout(
    "Losses", "", "InfoNCE", {"InfoNCE": ["infonce"], "listwise": ["listwise", "slow"]}, ["a", "b"], ["minilm"]
)
TEACHERS = Layout("Teachers", "", ENSEMBLE, {"cross": ["cross"], ENSEMBLE: ["listwise"]}, ["a"], ["minilm"])
SLOW = {("minilm.slow", "test"): (0.7, 0.544, 0.0001), ("minilm.slow", "dev"): (0.55, 0.54, 0.5)}
COMPARISON = {
    **{"student": "minilm", "system": "minilm.infonce", "against": "minilm.listwise", "split": "test"},
    **{"measure": "nDCG@10", "value": 0.61, "against_value": 0.595, "delta": 0.015, "ci_low": 0.005, "ci_high": 0.03},
    **{"p_value": 0.02, "queries": 812, "clusters": 812, "seeds": 1},
}
GATE = pd.DataFrame(
    [("teacher", 0.9), ("teacher.cross", 0.8), ("teacher.maxsim", 0.7), ("minilm", 0.5)], columns=["system", "value"]
)


def measured(rows: dict[tuple[str, str], tuple[float, float, float]] = ROWS) -> Measured:
    return Measured(Results(summary(rows), pd.DataFrame([COMPARISON])), GATE)


def on(*corpora: str) -> Layout:
    return replace(LOSSES, corpora=list(corpora))


def by_label(rows: list[Row], student: str = "minilm") -> dict[str, Row]:
    return {row.label: row for row in rows if row.student == student}


def test_losses() -> None:
    [table] = fill([on("a", "b", "c")], {"a": measured(), "b": measured(ROWS | SLOW)})
    assert table.title == "Table 1: losses"
    rows = by_label(table.rows)
    assert list(rows) == ["base", "InfoNCE", "listwise", "listwise - InfoNCE"]
    assert [cell and cell.value for cell in rows["base"].cells.values()] == [0.544, 0.544, None]
    assert rows["listwise"].cells["b"] is not None
    assert rows["listwise"].cells["b"].delta == pytest.approx(0.051)
    difference = rows["listwise - InfoNCE"].cells["a"]
    assert difference is not None
    assert (difference.delta, difference.low, difference.high) == (-0.015, -0.03, -0.005)
    untrained = by_label(table.rows, "")
    assert {label: row.cells["a"].value for label, row in untrained.items() if row.cells["a"]} == {
        "BM25": 0.534,
        "teacher, reranking": 0.64,
    }
    assert not any(cell.tested for row in untrained.values() for cell in row.cells.values() if cell)


def test_of_several_variants_the_best_on_dev_is_shown() -> None:
    better = ROWS | SLOW | {("minilm.slow", "dev"): (0.7, 0.54, 0.5)}
    [table] = fill([LOSSES], {"a": measured(ROWS | SLOW), "b": measured(better)})
    row = by_label(table.rows)["listwise"]
    assert row.several == {"a": "minilm.listwise", "b": "minilm.slow"}
    assert [cell.value for cell in row.cells.values() if cell] == [0.595, 0.7]


def test_means_need_every_corpus() -> None:
    [table] = fill([LOSSES], {"a": measured(), "b": measured()})
    mean = by_label(table.rows)["InfoNCE"].mean
    assert mean is not None
    assert (mean.value, mean.delta) == pytest.approx((0.61, 0.066))
    [table] = fill([LOSSES], {"a": measured()})
    assert by_label(table.rows)["InfoNCE"].mean is None
    [table] = fill([on("a")], {"a": measured()})
    assert by_label(table.rows)["InfoNCE"].mean is None


def test_teachers_come_with_their_own_ranking() -> None:
    table = fill([LOSSES, TEACHERS], {"a": measured()})[1]
    alone = by_label(table.rows, "reranking, dev queries")
    assert {label: row.cells["a"].value for label, row in alone.items() if row.cells["a"]} == {
        **{"cross": 0.8, "maxsim": 0.7, ENSEMBLE: 0.9},
        "minilm": 0.5,
    }
    assert by_label(table.rows)["cross"].cells == {"a": None}  # it was not run


def test_seeds() -> None:
    figures = summary(ROWS)
    figures.loc[figures["system"] == "minilm.infonce", "seeds"] = 3
    [table] = fill([on("a")], {"a": Measured(Results(figures))})
    rows = by_label(table.rows)
    assert (rows["InfoNCE"].seeds, rows["listwise"].seeds) == ("3 seeds", "")


def test_a_table_without_variants_is_empty() -> None:
    [_, empty] = fill([LOSSES, Layout("Query types", "", "all types")], {"a": measured()})
    assert empty.rows == []


def test_what_was_run_is_read(tmp_path: Path) -> None:
    frame = summary({("m", "test"): (0.5, 0.5, NAN)})
    for corpus in ("a", "b"):
        tables.write(tmp_path / corpus / "summary.parquet", "summary", frame, tables.Provenance("summary", "0"))
    gate = GATE.assign(split="dev", measure="nDCG@10", queries=9)[SCHEMAS["gate"].names]
    tables.write(tmp_path / "a/gate.parquet", "gate", gate, tables.Provenance("gate", "0"))
    found = read(tmp_path, ["a", "b", "c"])
    assert {corpus: one.gate is not None for corpus, one in found.items()} == {"a": True, "b": False}


def test_a_corpus_that_was_evaluated_without_the_measure(tmp_path: Path) -> None:
    """Its cells would be empty, as if it had not been run."""
    other = summary({("m", "test"): (0.5, 0.5, NAN)}).assign(measure="R@100")
    tables.write(tmp_path / "a/summary.parquet", "summary", other, tables.Provenance("summary", "0"))
    with pytest.raises(UserError, match=r"a/summary.parquet: .* nDCG@10, .*: add it to evaluation.measures$"):
        read(tmp_path, ["a"])
