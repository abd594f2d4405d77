"""Per-query values and summaries of hand-made runs."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.evaluation import significance
from listill.evaluation.summary import base_of, base_systems, measure_systems, runs_by_system, summarise
from listill.schemas import SCHEMAS

QRELS = pd.DataFrame(
    [("q1", "a", 1, "test"), ("q2", "b", 2, "test"), ("q3", "a", 1, "dev"), ("q4", "a", 0, "test")],
    columns=["query_id", "doc_id", "relevance", "split"],
)


@pytest.mark.parametrize(
    ("system", "base"),
    [
        ("bm25", "minilm"),
        ("teacher", "minilm"),
        ("minilm", "minilm"),
        ("minilm+bm25", "minilm"),
        ("minilm.x", "minilm"),
        ("minilm-l12.x", "minilm-l12"),
        ("minilm-l12+bm25", "minilm-l12"),
        ("stranger.x", "minilm"),
    ],
)
def test_every_system_has_its_base(system: str, base: str) -> None:
    assert base_of(system, ["minilm", "minilm-l12"]) == base
    assert base_of("bm25", []) is None


def test_base_systems_are_recognised_by_name() -> None:
    assert base_systems(["bm25", "e5", "e5+bm25", "e5.listwise", "teacher", "minilm"]) == ["e5", "minilm"]


def write_run(path: Path, rows: list[tuple[str, str, int]], key: str | None = None) -> Path:
    frame = pd.DataFrame(rows, columns=["query_id", "doc_id", "rank"]).assign(score=0.0)
    if key is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path)
    else:
        tables.write(path, "runs", frame, tables.Provenance(key, "0"))
    return path


def test_runs_are_named_by_their_provenance_or_file_name(tmp_path: Path) -> None:
    ours = write_run(tmp_path / "x.parquet", [("q1", "a", 1)], "runs/minilm.listwise")
    theirs = write_run(tmp_path / "mine.parquet", [("q1", "a", 1)])
    assert runs_by_system([ours, theirs]) == {"minilm.listwise": ours, "mine": theirs}
    again = write_run(tmp_path / "b" / "mine.parquet", [("q1", "a", 1)])
    with pytest.raises(
        UserError, match=rf"^{again}: system 'mine' is already the run {theirs}: rename or remove one of them$"
    ):
        runs_by_system([theirs, again])
    with pytest.raises(UserError, match="no runs: pass one or more files with --runs"):
        runs_by_system([])


def test_every_judged_query_of_every_system_is_measured(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = write_run(tmp_path / "one.parquet", [("q1", "a", 1), ("q2", "a", 1), ("q2", "b", 2), ("q3", "b", 1)])
    two = write_run(tmp_path / "two.parquet", [("q1", "b", 1), ("q1", "a", 2)])
    with caplog.at_level(logging.WARNING, "listill"):
        values = measure_systems({"two": two, "one": one}, QRELS, ["RR@10"])
    assert caplog.messages == [f"{two}: 2 of 3 evaluation queries are missing and count as 0"]
    assert list(values.columns) == SCHEMAS["per_query"].names
    assert list(values[["system", "split", "query_id", "value"]].itertuples(index=False, name=None)) == [
        ("one", "dev", "q3", 0.0),
        ("one", "test", "q1", 1.0),
        ("one", "test", "q2", 0.5),
        ("two", "dev", "q3", 0.0),
        ("two", "test", "q1", 0.5),
        ("two", "test", "q2", 0.0),
    ]


def test_runs_that_cannot_be_evaluated_are_named(tmp_path: Path) -> None:
    strange = write_run(tmp_path / "strange.parquet", [("x", "a", 1)])
    with pytest.raises(
        UserError, match=r"strange\.parquet: contains none of the 3 evaluation queries; check that it is"
    ):
        measure_systems({"strange": strange}, QRELS, ["RR@10"])
    twice = write_run(tmp_path / "twice.parquet", [("q1", "a", 1), ("q1", "a", 2)])
    with pytest.raises(UserError, match=r"twice\.parquet: .*document 'a' twice for query 'q1'"):
        measure_systems({"twice": twice}, QRELS, ["RR@10"])


def values_of(**systems: list[float]) -> pd.DataFrame:
    rows = [
        (system.replace("_", "."), "test", f"q{i:02}", "nDCG@10", value)
        for system, values in systems.items()
        for i, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=SCHEMAS["per_query"].names)


def test_the_summary_agrees_with_a_naive_loop() -> None:
    draw = np.random.default_rng(4)
    systems = {
        "m": draw.random(30),
        "m_a": draw.random(30) + 0.2,
        "m_b": draw.random(30) + 0.4,
        "bm25": draw.random(30),
    }
    table = summarise(values_of(**{name: list(v) for name, v in systems.items()}), ["m"], 400, 0.9, 3)
    assert list(table.columns) == SCHEMAS["summary"].names
    assert table["system"].tolist() == ["bm25", "m", "m.a", "m.b"]
    assert set(table["queries"]) == {30}
    compared = {name: significance.compare(v, systems["m"], 400, 0.9, 3) for name, v in systems.items() if name != "m"}
    p_values = dict(
        zip(
            compared, significance.holm(np.array([comparison.p_value for comparison in compared.values()])), strict=True
        )
    )
    for row in table.itertuples():
        name = row.system.replace(".", "_")
        assert row.value == pytest.approx(systems[name].mean())
        assert row.base == pytest.approx(systems["m"].mean())
        if name == "m":
            assert (row.delta, row.ci_low, row.ci_high) == (0, 0, 0)
            assert np.isnan(row.p_value)
        else:
            comparison = compared[name]
            expected = (comparison.delta, comparison.low, comparison.high)
            assert (row.delta, row.ci_low, row.ci_high) == pytest.approx(expected)
            assert row.p_value == pytest.approx(p_values[name])


def test_systems_with_different_bases_are_corrected_separately() -> None:
    draw = np.random.default_rng(5)
    columns = {name: list(draw.random(12)) for name in ("e", "e_a", "m", "m_a", "m_b")}
    together = summarise(values_of(**columns), ["e", "m"], 500, 0.95, 1).set_index("system")
    alone = summarise(values_of(e=columns["e"], e_a=columns["e_a"]), ["e"], 500, 0.95, 1).set_index("system")
    pd.testing.assert_series_equal(together.loc["e.a"], alone.loc["e.a"])


def test_without_a_run_of_the_base_there_is_only_a_value(caplog: pytest.LogCaptureFixture) -> None:
    table = summarise(values_of(bm25=[0.25, 0.75]), ["m"], 100, 0.95, 1).iloc[0]
    assert table["value"] == 0.5
    assert table[["base", "delta", "ci_low", "ci_high", "p_value"]].isna().all()
    assert caplog.messages == ["there is no run of m, so no system is compared with it"]
