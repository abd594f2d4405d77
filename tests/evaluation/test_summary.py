"""The comparison of each system with its base."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.evaluation import significance
from listill.evaluation.measured import measured_values
from listill.evaluation.summary import base_of, kept_trainings, summarise
from listill.evaluation.topics import EvaluationQueries
from listill.schemas import SCHEMAS
from summary_tables import values_of


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


def test_the_summary_agrees_with_a_naive_loop() -> None:
    draw = np.random.default_rng(4)
    systems = {
        "m": draw.random(30),
        "m_a": draw.random(30) + 0.2,
        "m_b": draw.random(30) + 0.4,
        "bm25": draw.random(30),
    }
    table = summarise(
        measured_values(values_of(**{name: list(v) for name, v in systems.items()}), None, 400, 0.9, 3), ["m"]
    )
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
    together = summarise(measured_values(values_of(**columns), None, 500, 0.95, 1), ["e", "m"]).set_index("system")
    alone = summarise(
        measured_values(values_of(e=columns["e"], e_a=columns["e_a"]), None, 500, 0.95, 1), ["e"]
    ).set_index("system")
    pd.testing.assert_series_equal(together.loc["e.a"], alone.loc["e.a"])


def test_without_a_run_of_the_base_there_is_only_a_value(caplog: pytest.LogCaptureFixture) -> None:
    table = summarise(measured_values(values_of(bm25=[0.25, 0.75]), None, 100, 0.95, 1), ["m"]).iloc[0]
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
    independent = summarise(measured_values(values, evaluated(**{q: q for q in same}), 1000, 0.95, 1), ["m"]).set_index(
        "system"
    )
    clustered = summarise(measured_values(values, evaluated(**same), 1000, 0.95, 1), ["m"]).set_index("system")
    assert (independent.loc["m.a", "clusters"], clustered.loc["m.a", "clusters"]) == (10, 1)
    assert independent.loc["m.a", "p_value"] < 0.01
    assert clustered.loc["m.a", "p_value"] == 1


def test_embeddings_that_are_cut_are_compared_with_the_base_and_have_seeds() -> None:
    columns = {
        "m": [0.3, 0.5],
        "m_a": [0.2, 0.4],
        "m_a@8": [0.1, 0.2],
        "m_a-seed2": [0.4, 0.8],
        "m_a-seed2@8": [0.1, 0.4],
    }
    kept = {"m.a": True, "m.a-seed2": False}
    table = summarise(measured_values(values_of(**columns), None, 100, 0.95, 1), ["m"], kept=kept).set_index("system")
    assert list(table.index) == ["m", "m.a", "m.a@8"]
    row = table.loc["m.a@8"]
    assert (row["base"], row["seeds"], row["kept"]) == (pytest.approx(0.4), 2, 1)
    assert (row["value"], row["delta"]) == (pytest.approx(0.2), pytest.approx(-0.2))


def test_seeds_are_one_system_with_their_mean_and_spread() -> None:
    columns = {"m": [0.1, 0.3], "m_a": [0.2, 0.4], "m_a-seed2": [0.4, 0.8], "m_a-seed3": [0.3, 0.3], "m_b": [0.1, 0.3]}
    kept = {"m.a": True, "m.a-seed2": True, "m.a-seed3": False, "m.b": False}
    table = summarise(measured_values(values_of(**columns), None, 100, 0.95, 1), ["m"], kept=kept).set_index("system")
    assert list(table.index) == ["m", "m.a", "m.b"]
    row = table.loc["m.a"]
    assert (row["seeds"], row["kept"], row["value"], row["delta"]) == (3, 2, pytest.approx(0.4), pytest.approx(0.2))
    assert row["seed_sd"] == pytest.approx(np.std([0.3, 0.6, 0.3], ddof=1))
    assert row["ci_high"] - row["ci_low"] > 0.2  # both differences of seed 1 are 0.1: this is the spread of the seeds
    assert (table.loc["m.b", ["seeds", "kept"]] == [1, 0]).all()
    assert pd.isna(table.loc["m", "kept"])
    assert np.isnan(table.loc["m.b", "seed_sd"])


def test_kept_trainings(tmp_path: Path) -> None:
    def history(key: str, **details: int) -> Path:
        path = tmp_path / f"{key.replace('/', '-')}.parquet"
        empty = pd.DataFrame(columns=SCHEMAS["history"].names)
        tables.write(path, "history", empty, tables.Provenance(key, "0", details=details))
        return path

    files = [history("models/m/a", best_step=0), history("models/m/a-seed2", best_step=12), history("models/m/b")]
    assert kept_trainings(files) == {"m.a": False, "m.a-seed2": True}
