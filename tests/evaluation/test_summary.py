"""Per-query values and summaries of hand-made runs."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.evaluation import significance
from listill.evaluation.summary import (
    base_of,
    base_systems,
    compare_systems,
    kept_trainings,
    measure_systems,
    pairs_to_compare,
    runs_by_system,
    summarise,
)
from listill.evaluation.topics import EvaluationQueries
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
    others = [name for name in systems if name != "m"]
    differences = [systems[name] - systems["m"] for name in others]
    results = significance.compare(differences, significance.Sample(30), 400, 0.9, 3)
    compared = dict(zip(others, results, strict=True))
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


def evaluated(**relevant: str) -> EvaluationQueries:
    """Return test topics and their relevant documents."""
    queries = pd.DataFrame({"query_id": list(relevant), "text": "x", "split": "test", "type": "human"})
    qrels = pd.DataFrame(
        {"query_id": list(relevant), "doc_id": list(relevant.values()), "relevance": 1, "split": "test"}
    )
    return EvaluationQueries(queries, qrels)


def test_queries_of_one_document_are_one_observation() -> None:
    """Ten queries of one document that all gain are no evidence; ten queries of ten documents are."""
    values = values_of(m=[0.2] * 10, m_a=[0.4] * 10)
    same = {f"q{i:02}": "d" for i in range(10)}
    independent = summarise(values, ["m"], 1000, 0.95, 1, evaluated(**{q: q for q in same})).set_index("system")
    clustered = summarise(values, ["m"], 1000, 0.95, 1, evaluated(**same)).set_index("system")
    assert (independent.loc["m.a", "clusters"], clustered.loc["m.a", "clusters"]) == (10, 1)
    assert independent.loc["m.a", "p_value"] < 0.01
    assert clustered.loc["m.a", "p_value"] == 1


def test_seeds_are_one_system_with_their_mean_and_spread() -> None:
    columns = {"m": [0.1, 0.3], "m_a": [0.2, 0.4], "m_a-seed2": [0.4, 0.8], "m_a-seed3": [0.3, 0.3], "m_b": [0.1, 0.3]}
    kept = {"m.a": True, "m.a-seed2": True, "m.a-seed3": False, "m.b": False}
    table = summarise(values_of(**columns), ["m"], 100, 0.95, 1, kept=kept).set_index("system")
    assert list(table.index) == ["m", "m.a", "m.b"]
    row = table.loc["m.a"]
    assert (row["seeds"], row["kept"], row["value"], row["delta"]) == (3, 2, pytest.approx(0.4), pytest.approx(0.2))
    assert row["seed_sd"] == pytest.approx(np.std([0.3, 0.6, 0.3], ddof=1))
    assert row["ci_high"] - row["ci_low"] > 0.2  # both differences of seed 1 are 0.1: this is the spread of the seeds
    assert (table.loc["m.b", ["seeds", "kept"]] == [1, 0]).all()
    assert pd.isna(table.loc["m", "kept"])
    assert np.isnan(table.loc["m.b", "seed_sd"])


def test_variants_are_compared_with_each_other_and_with_untrained_systems() -> None:
    systems = ["bm25", "e", "e+bm25", "m", "m+bm25", "m.a", "m.a+bm25", "m.b", "teacher"]
    assert pairs_to_compare(systems, ["e", "m"]) == [
        ("m", "m.a", "bm25"),
        ("m", "m.a", "m+bm25"),
        ("m", "m.b", "bm25"),
        ("m", "m.b", "m+bm25"),
        ("m", "m.a", "m.b"),
        ("m", "m.a+bm25", "m+bm25"),
    ]


def test_comparisons_agree_with_a_naive_loop_and_seeds_are_paired() -> None:
    draw = np.random.default_rng(6)
    columns = {name: draw.random(25) for name in ("m", "bm25", "m_a", "m_a-seed2", "m_b", "m_b-seed2")}
    table = compare_systems(values_of(**{name: list(v) for name, v in columns.items()}), ["m"], 300, 0.9, 2)
    assert list(table.columns) == SCHEMAS["comparisons"].names
    pairs = table.set_index(["system", "against"])
    assert sorted(pairs.index) == [("m.a", "bm25"), ("m.a", "m.b"), ("m.b", "bm25")]
    a, b = (np.column_stack([columns[f"m_{name}"], columns[f"m_{name}-seed2"]]) for name in "ab")
    differences = [a - columns["bm25"][:, None], a - b, b - columns["bm25"][:, None]]
    expected = significance.compare(differences, significance.Sample(25), 300, 0.9, 2)
    corrected = significance.holm(np.array([comparison.p_value for comparison in expected]))
    for (_, row), comparison, p_value in zip(pairs.sort_index().iterrows(), expected, corrected, strict=True):
        figures = (comparison.delta, comparison.low, comparison.high, p_value)
        assert (row["delta"], row["ci_low"], row["ci_high"], row["p_value"]) == pytest.approx(figures)
        assert row["delta"] == pytest.approx(row["value"] - row["against_value"])
        assert row["seeds"] == 2


def test_without_variants_there_are_no_comparisons() -> None:
    table = compare_systems(values_of(m=[0.5, 0.4], bm25=[0.1, 0.2]), ["m"], 100, 0.95, 1)
    assert table.empty
    assert list(table.columns) == SCHEMAS["comparisons"].names


def test_a_reranked_pool_has_no_measure_that_is_deeper_than_the_pool(tmp_path: Path) -> None:
    """Recall at 100 of a teacher that reranks 2 documents would be the recall of its pool."""
    rows = [("q1", "a", 1), ("q1", "b", 2), ("q2", "b", 1), ("q3", "a", 1)]
    teacher, other = tmp_path / "teacher.parquet", write_run(tmp_path / "m.parquet", rows, "runs/m")
    frame = pd.DataFrame(rows, columns=["query_id", "doc_id", "rank"]).assign(score=0.0)
    tables.write(teacher, "runs", frame, tables.Provenance("runs/teacher", "0", details={"reranks": 2}))
    systems = {"teacher": teacher, "m": other}
    measured = measure_systems(systems, QRELS, ["nDCG@2", "R@100"], documents=50).groupby("system")["measure"].unique()
    assert sorted(measured["m"]) == ["R@100", "nDCG@2"]
    assert list(measured["teacher"]) == ["nDCG@2"]
    # A pool that is the whole corpus is no restriction.
    assert set(measure_systems(systems, QRELS, ["R@100"], documents=2)["system"]) == {"m", "teacher"}


def test_kept_trainings(tmp_path: Path) -> None:
    def history(key: str, **details: int) -> Path:
        path = tmp_path / f"{key.replace('/', '-')}.parquet"
        empty = pd.DataFrame(columns=SCHEMAS["history"].names)
        tables.write(path, "history", empty, tables.Provenance(key, "0", details=details))
        return path

    files = [history("models/m/a", best_step=0), history("models/m/a-seed2", best_step=12), history("models/m/b")]
    assert kept_trainings(files) == {"m.a": False, "m.a-seed2": True}
