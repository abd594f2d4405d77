"""The command of the stage evaluate on small tables."""

import subprocess
import sys
from math import log2
from pathlib import Path
from typing import Any

import forked_stage
import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.schemas import SCHEMAS
from listill.settings.config import Settings
from listill.stages.evaluate import VERSION, EvaluateStage, settings

DOCS = [f"d{i:02}" for i in range(30)]
HUMAN = {f"t{i:02}": ("test" if i < 24 else "dev" if i < 36 else "train") for i in range(40)}
SYNTHETIC = {f"s{i}": ("heldout" if i < 6 else "train") for i in range(8)}
# Rank of the only relevant document, by system: even queries, odd queries.
RANKS = {
    "bm25": (3, 3),
    "minilm": (2, 4),
    "minilm+bm25": (1, 4),
    "teacher": (1, 1),
    "minilm.listwise": (1, 2),
    "minilm.infonce": (4, 2),
    "e5": (1, 1),
    "e5.listwise": (1, 2),
}


def relevant(query: str) -> str:
    return DOCS[int(query[1:]) % len(DOCS)]


def write(path: Path, name: str, rows: list[tuple[Any, ...]], columns: list[str], key: str | None = None) -> None:
    frame = pd.DataFrame(rows, columns=columns).reindex(columns=SCHEMAS[name].names).astype(object)
    tables.write(path, name, frame.where(frame.notna(), None), tables.Provenance(key or name, tables.digest(str(path))))


def ranking(query: str, rank: int) -> list[str]:
    others = [doc for doc in DOCS if doc != relevant(query)]
    return [*others[: rank - 1], relevant(query), *others[rank - 1 :]]


def write_run(path: Path, ranks: tuple[int, int], key: str | None = None) -> None:
    queries = [*HUMAN, *SYNTHETIC]
    rows = [(q, doc, i, -i) for q in queries for i, doc in enumerate(ranking(q, ranks[int(q[1:]) % 2]), 1)]
    write(path, "runs", rows, ["query_id", "doc_id", "rank", "score"], key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder up to the runs, made by hand."""
    write(tmp_path / "corpus.parquet", "corpus", [(doc, "text") for doc in DOCS], ["doc_id", "text"])
    write(tmp_path / "topics.parquet", "topics", [(q, q, s) for q, s in HUMAN.items()], ["query_id", "text", "split"])
    rows: list[tuple[Any, ...]] = [(q, relevant(q), 1, s) for q, s in HUMAN.items()]
    write(tmp_path / "qrels.parquet", "qrels", rows, ["query_id", "doc_id", "relevance", "split"])
    rows = [(q, q, "lead", relevant(q), s) for q, s in SYNTHETIC.items()]
    write(tmp_path / "queries.parquet", "queries", rows, ["query_id", "text", "type", "doc_id", "split"])
    for system, ranks in RANKS.items():
        write_run(tmp_path / "runs" / f"{system}.parquet", ranks, f"runs/{system}")
    return tmp_path


def evaluate(
    folder: Path, *runs: str, students: tuple[str, ...] = ("minilm", "e5")
) -> subprocess.CompletedProcess[str]:
    config = folder / "config" / "evaluate.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(EvaluateStage(students=students, resamples=2000).model_dump_json())
    command = [sys.executable, "-m", "listill.stages.evaluate", "--config", config]
    for name in ("topics", "qrels", "queries", "corpus"):
        command += [f"--{name}", folder / f"{name}.parquet"]
    command += ["--runs", *(folder / "runs" / f"{name}.parquet" for name in runs or RANKS)]
    command += ["--per-query", folder / "per_query.parquet", "--summary", folder / "summary.parquet"]
    return forked_stage.run([*map(str, command)], folder)


def summary(folder: Path) -> pd.DataFrame:
    frame = tables.read(folder / "summary.parquet", "summary")
    assert frame.equals(frame.sort_values(["system", "split", "measure"], ignore_index=True))
    return frame.set_index(["system", "split", "measure"])


def test_means_bases_and_tests(folder: Path) -> None:
    done = evaluate(folder)
    assert done.returncode == 0, done.stderr
    table = summary(folder)
    assert set(table.index.get_level_values("split")) == {"dev", "test", "heldout"}
    assert set(table.index.get_level_values("system")) == set(RANKS)

    row = table.loc["minilm.listwise", "test", "nDCG@10"]
    value, base = (1 + 1 / log2(3)) / 2, (1 / log2(3) + 1 / log2(5)) / 2
    assert row["value"] == pytest.approx(value)
    assert row["base"] == pytest.approx(base)
    assert row["delta"] == pytest.approx(value - base)
    assert row["ci_low"] < row["delta"] < row["ci_high"]
    assert row["queries"] == 24
    # All 24 differ in the same direction; five systems have minilm as their base, four of them differ as clearly.
    assert row["p_value"] == pytest.approx(5 / 2001)

    itself = table.loc["minilm", "test", "nDCG@10"]
    assert itself[["delta", "ci_low", "ci_high"]].tolist() == [0, 0, 0]
    assert np.isnan(itself["p_value"])
    assert table.loc["e5.listwise", "test", "RR@10"]["base"] == pytest.approx(1.0)
    assert table.loc["teacher", "heldout", "RR@10"][["value", "base", "queries"]].tolist() == [
        1,
        (1 / 2 + 1 / 4) / 2,
        6,
    ]


def test_topics_without_a_relevant_document_are_nothing_to_evaluate(folder: Path) -> None:
    qrels = tables.read(folder / "qrels.parquet", "qrels").assign(relevance=0)
    tables.write(folder / "qrels.parquet", "qrels", qrels, tables.provenance(folder / "qrels.parquet"))
    assert evaluate(folder).returncode == 0
    assert set(summary(folder).index.get_level_values("split")) == {"heldout"}
    queries = tables.read(folder / "queries.parquet", "queries").assign(split="train")
    tables.write(folder / "queries.parquet", "queries", queries, tables.provenance(folder / "queries.parquet"))
    done = evaluate(folder)
    assert done.returncode == 1
    assert "nothing to evaluate: no dev or test topic has a relevant document, and there are no held-out" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_per_query_values_and_repeatability(folder: Path) -> None:
    evaluate(folder)
    values = tables.read(folder / "per_query.parquet", "per_query")
    assert len(values) == len(RANKS) * 3 * (24 + 12 + 6)
    rows = values[(values["system"] == "minilm.infonce") & (values["query_id"] == "t04")].set_index("measure")["value"]
    assert rows.to_dict() == pytest.approx({"nDCG@10": 1 / log2(5), "R@100": 1, "RR@10": 1 / 4})
    first = (folder / "summary.parquet").read_bytes()
    evaluate(folder)
    assert (folder / "summary.parquet").read_bytes() == first


def test_an_external_run_is_named_by_its_file_and_missing_queries_count_as_zero(folder: Path) -> None:
    path = folder / "runs" / "mine.parquet"
    frame = tables.read(folder / "runs" / "teacher.parquet", "runs")
    frame[frame["query_id"] != "t00"].to_parquet(path)
    done = evaluate(folder, "minilm", "mine")
    assert done.returncode == 0, done.stderr
    assert "1 of 42 evaluation queries are missing and count as 0" in done.stderr
    row = summary(folder).loc["mine", "test", "RR@10"]
    assert row["value"] == pytest.approx(23 / 24)
    assert row["base"] == pytest.approx((1 / 2 + 1 / 4) / 2)


def test_without_a_run_of_the_base_there_is_only_a_value(folder: Path) -> None:
    done = evaluate(folder, "bm25")
    assert "no run of minilm" in done.stderr
    assert summary(folder).loc["bm25", "test", "RR@10"][["base", "delta", "p_value"]].isna().all()


def test_missing_human_topics_are_logged(folder: Path) -> None:
    write(folder / "topics.parquet", "topics", [], ["query_id", "text", "split"])
    done = evaluate(folder)
    assert done.returncode == 0, done.stderr
    assert "no human topics: " in done.stderr
    assert "self-consistency, not relevance" in done.stderr
    assert set(summary(folder).index.get_level_values("split")) == {"heldout"}


def test_errors_are_one_line_and_write_no_files(folder: Path) -> None:
    write(folder / "runs" / "other.parquet", "runs", [("zz", "d01", 1, 1.0)], ["query_id", "doc_id", "rank", "score"])
    done = evaluate(folder, "minilm", "other")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "contains none of the 42 evaluation queries" in done.stderr
    assert not (folder / "summary.parquet").exists()
    assert "system 'minilm' is already the run" in evaluate(folder, "minilm", "minilm").stderr


def test_settings_that_evaluation_depends_on() -> None:
    config = Settings.model_validate(
        {
            "corpora": {"a": {"source": {"kind": "python_api"}}},
            "students": {"minilm": {"model": "m"}, "e5": {"model": "n"}},
            "evaluation": {"measures": ["RR@10"], "resamples": 50, "depth": 17},
            "seed": 5,
        }
    )
    assert settings(config, "a").model_dump() == {
        "version": VERSION,
        "measures": ["RR@10"],
        "resamples": 50,
        "confidence": 0.95,
        "seed": 5,
        "students": ("e5", "minilm"),  # sorted: the order in the YAML file changes nothing
    }


def test_too_few_queries_for_a_decision_are_called_so(folder: Path) -> None:
    """A result on 24 topics was written like one on a thousand."""
    done = evaluate(folder)
    assert done.returncode == 0, done.stderr
    assert "test: results on 24 independent queries cannot carry a decision" in done.stderr
    assert "heldout: results on 6 independent queries cannot carry a decision" in done.stderr


def test_the_comparisons_are_written_on_request(folder: Path) -> None:
    command = evaluate(folder).args
    assert not (folder / "comparisons.parquet").exists()
    subprocess.run([*command, "--comparisons", folder / "comparisons.parquet"], check=True, capture_output=True)
    table = tables.read(folder / "comparisons.parquet", "comparisons")
    pairs = set(table[["system", "against"]].itertuples(index=False, name=None))
    assert ("minilm.infonce", "minilm.listwise") in pairs
    assert ("minilm.listwise", "minilm+bm25") in pairs
    assert ("e5.listwise", "bm25") in pairs
