"""The data for the report page, read from files."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from listill import tables
from listill.report import material
from listill.schemas import SCHEMAS
from summary_tables import NAN, summary

SUMMARY = summary({("m", "test"): (0.5, 0.5, NAN), ("e", "test"): (0.4, 0.4, NAN), ("m.a", "test"): (0.6, 0.5, 0.01)})


def write(path: Path, name: str, rows: list[dict[str, Any]], key: str, **details: Any) -> Path:
    frame = pd.DataFrame(rows, columns=SCHEMAS[name].names).astype(object)
    about = tables.Provenance(key, "f", {}, details, "c")
    tables.write(path, name, frame.where(frame.notna(), None), about)
    return path


def funnel(path: Path, count: int) -> Path:
    row = {"stage": "lists", "type": "lead", "split": "train", "reason": "kept", "queries": count}
    return write(path, "funnel", [row], f"funnel/{path.stem}")


@pytest.fixture
def files(tmp_path: Path) -> material.Files:
    row = {"query_id": "q", "doc_id": "d", "relevance": 1, "split": "test"}
    topic = {"query_id": "q", "text": "what", "split": "test"}
    hit = {"query_id": "q", "doc_id": "d", "rank": 1, "score": 0.5}
    steps = [{"step": 0, "split": "dev", "nDCG@10": 0.5}, {"step": 1, "split": "train", "loss": 0.25}]
    (tmp_path / "train.tsv").write_text("s\tmax_rss\tcpu_time\n5\t800\t9\n")
    details = {"trained": {"lead": 7}, "best_step": 0, "teacher_temperature": 0.5}
    tables.write(tmp_path / "summary.parquet", "summary", SUMMARY, tables.Provenance("summary", "f", {}, {}, "c"))
    return material.Files(
        summary=tmp_path / "summary.parquet",
        per_query=write(tmp_path / "per_query.parquet", "per_query", [], "per_query"),
        corpus=write(tmp_path / "corpus.parquet", "corpus", [{"doc_id": "d", "text": "x"}], "corpus"),
        topics=write(tmp_path / "topics.parquet", "topics", [topic], "topics"),
        qrels=write(tmp_path / "qrels.parquet", "qrels", [row], "qrels"),
        queries=write(tmp_path / "queries.parquet", "queries", [], "queries"),
        funnels=[
            funnel(tmp_path / "funnel/queries.parquet", 9),
            funnel(tmp_path / "funnel/lists.m.parquet", 3),
            funnel(tmp_path / "funnel/lists.e.parquet", 4),
        ],
        histories=[write(tmp_path / "models/m/a/history.parquet", "history", steps, "models/m/a/history", **details)],
        runs=[write(tmp_path / "elsewhere.parquet", "runs", [hit], "runs/m.a")],
        benchmarks=[tmp_path / "train.tsv"],
    )


def test_everything_is_read(files: material.Files) -> None:
    loaded = material.load("c", files, {"seed": 1}, {"listill": "1"}, {"corpus": "f"})
    assert (loaded.title, loaded.config, loaded.versions) == ("c", {"seed": 1}, {"listill": "1"})
    assert loaded.fingerprints == {"corpus": "f"}
    assert loaded.evaluated.queries["query_id"].tolist() == ["q"]
    assert list(loaded.runs) == ["m.a"]
    assert loaded.runs["m.a"].columns.tolist() == ["query_id", "doc_id", "rank", "score"]
    [history] = loaded.histories
    assert (history.student, history.variant, history.trained) == ("m", "a", {"lead": 7})
    assert (history.kept, history.temperature) == (0, 0.5)
    assert history.folder == str(files.histories[0].parent)
    assert loaded.results.systems == ["e", "m", "m.a"]
    assert history.table["loss"].dropna().tolist() == [0.25]
    assert [cost.job for cost in loaded.costs] == ["train"]


def test_each_student_has_its_own_funnel(files: material.Files) -> None:
    funnels = material.load("c", files, {}, {}, {}).funnels
    assert {student: rows["queries"].tolist() for student, rows in funnels.items()} == {"e": [9, 4], "m": [9, 3]}


def test_the_funnel_of_a_variants_own_lists(files: material.Files, tmp_path: Path) -> None:
    own = [*files.funnels, funnel(tmp_path / "funnel/lists.m.a.parquet", 2)]
    funnels = material.load("c", material.Files(**{**vars(files), "funnels": own}), {}, {}, {}).funnels
    assert funnels["e"]["queries"].tolist() == [9, 4]
    assert list(zip(funnels["m"]["stage"], funnels["m"]["queries"], strict=True))[1:] == [("lists", 3), ("lists.a", 2)]


def test_the_funnel_of_the_candidates_has_the_recall_of_an_index(files: material.Files, tmp_path: Path) -> None:
    rows = [{"stage": "candidates", "type": "lead", "split": "train", "reason": "kept", "queries": 1}]
    path = write(tmp_path / "funnel/candidates.parquet", "funnel", rows, "funnel/candidates", recall={"m": 0.9})
    assert material.load("c", files, {}, {}, {}).recall == {}
    more = material.Files(**{**vars(files), "funnels": [*files.funnels, path]})
    assert material.load("c", more, {}, {}, {}).recall == {"m": 0.9}


def test_missing_funnels_are_empty(files: material.Files) -> None:
    bare = material.Files(**{**vars(files), "funnels": [], "histories": [], "benchmarks": []})
    loaded = material.load("c", bare, {}, {}, {})
    assert {student: len(rows) for student, rows in loaded.funnels.items()} == {"e": 0, "m": 0}
    assert (loaded.histories, loaded.costs) == ([], [])


def test_an_external_history_has_no_details(files: material.Files, tmp_path: Path) -> None:
    path = tmp_path / "models/e/b/history.parquet"
    path.parent.mkdir(parents=True)
    tables.read(files.histories[0], "history").to_parquet(path)
    other = material.Files(**{**vars(files), "histories": [path]})
    [history] = material.load("c", other, {}, {}, {}).histories
    assert (history.student, history.variant, history.trained, history.kept) == ("e", "b", {}, None)


@pytest.mark.parametrize(("corpus", "trained", "temperature"), [("c", {"lead": 4}, 0.5), ("d", {}, None)])
def test_the_history_of_a_joint_training_is_read_for_one_corpus(
    files: material.Files, tmp_path: Path, corpus: str, trained: dict[str, int], temperature: float | None
) -> None:
    """Its lists and temperature on this corpus; a corpus that it was not trained on has neither."""
    of_corpora = {"b": {"trained": {"lead": 3}}, "c": {"trained": {"lead": 4}, "teacher_temperature": 0.5}}
    details = {"trained": {"lead": 7}, "best_step": 1, "corpora": of_corpora}
    steps = [{"step": 1, "split": "dev", "nDCG@10": 0.5}]
    path = write(tmp_path / "joint/both/history.parquet", "history", steps, "joint/m/both", **details)
    joint = material.Files(**{**vars(files), "histories": [path]})
    [history] = material.load(corpus, joint, {}, {}, {}).histories
    assert (history.student, history.variant, history.kept) == ("m", "both", 1)
    assert (history.trained, history.temperature) == (trained, temperature)


def test_the_rate_of_a_training_is_that_of_all_its_passages(files: material.Files, tmp_path: Path) -> None:
    """The history has running totals: 8 passages after the first step, 16 after the second."""
    steps = [{"step": step, "split": "train", "loss": 0.5, "passages": 8 * step} for step in (1, 2)]
    path = write(tmp_path / "models/m/b/history.parquet", "history", steps, "models/m/b/history")
    empty = write(tmp_path / "models/m/c/history.parquet", "history", [], "models/m/c/history")
    benchmarks = [tmp_path / f"train.m.{variant}.tsv" for variant in "bc"]
    for benchmark in benchmarks:
        benchmark.write_text("s\tmax_rss\tcpu_time\n2\t800\t9\n")
    more = material.Files(**{**vars(files), "histories": [path, empty], "benchmarks": benchmarks})
    rates = {cost.job: cost.rate for cost in material.load("c", more, {}, {}, {}).costs}
    assert rates == {"train.m.b": "8 passages/s", "train.m.c": ""}


def test_the_rates_count_what_a_job_did(files: material.Files, tmp_path: Path) -> None:
    """A search is for all queries, judged or not. The queries that are left are not those that were generated."""
    topics = [{"query_id": query, "text": "what", "split": "test"} for query in ("q", "not judged")]
    row = {"query_id": "s", "text": "x", "type": "lead", "doc_id": "d", "split": "train"}
    benchmarks = [tmp_path / f"{job}.tsv" for job in ("search.m", "queries", "candidates")]
    for benchmark in benchmarks:
        benchmark.write_text("s\tmax_rss\tcpu_time\n1\t800\t9\n")
    changed = {
        "topics": write(tmp_path / "two.parquet", "topics", topics, "topics"),
        "queries": write(tmp_path / "one.parquet", "queries", [row], "queries"),
        "benchmarks": benchmarks,
    }
    loaded = material.load("c", material.Files(**vars(files) | changed), {}, {}, {})
    rates = {cost.job: cost.rate for cost in loaded.costs}
    assert rates == {"search.m": "2 queries/s", "queries": "", "candidates": "1 queries/s"}


def test_results_on_other_corpora_have_the_settings_of_their_tests(files: material.Files, tmp_path: Path) -> None:
    about = tables.Provenance("retention/e", "f", {}, {"settings": {"resamples": 99}}, "e")
    tables.write(tmp_path / "retention/e/summary.parquet", "summary", SUMMARY, about)
    more = material.Files(**vars(files) | {"retention": [tmp_path / "retention/e/summary.parquet"]})
    cell = material.load("c", more, {}, {}, {}).retention["e"].cell("m.a", "test", "nDCG@10")
    assert cell
    assert cell.p == "<= 0.010"


def test_only_the_runs_of_shown_queries_are_kept(files: material.Files, tmp_path: Path) -> None:
    """Those of the judged queries of the most trusted split; the row of another query is left out."""
    hits = [{"query_id": query, "doc_id": "d", "rank": 1, "score": 0.5} for query in ("other", "q")]
    run = write(tmp_path / "two.parquet", "runs", hits, "runs/m.a")
    loaded = material.load("c", material.Files(**vars(files) | {"runs": [run]}), {}, {}, {})
    assert loaded.runs["m.a"]["query_id"].tolist() == ["q"]
