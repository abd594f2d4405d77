"""The command of the stage report on small tables."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from listill import tables
from listill.schemas import SCHEMAS
from listill.settings.config import Settings
from listill.stages.report import settings

QUERIES = {"t1": "dev", "t2": "test", "t3": "test"}
SYSTEMS = {"minilm": 0.5, "minilm.listwise": 0.7, "e5": 0.4, "e5.listwise": 0.3}


def write(
    path: Path, name: str, rows: list[tuple[Any, ...]], columns: str, key: str | None = None, **details: Any
) -> None:
    frame = pd.DataFrame(rows, columns=columns.split()).reindex(columns=SCHEMAS[name].names).astype(object)
    about = tables.Provenance(key or name, tables.digest(str(path)), {}, details)
    tables.write(path, name, frame.where(frame.notna(), None), about)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder up to the evaluation, made by hand."""
    write(tmp_path / "corpus.parquet", "corpus", [("d1", "Title & Co", "a"), ("d2", None, "b")], "doc_id title text")
    write(
        tmp_path / "topics.parquet", "topics", [(q, f"text {q}", s) for q, s in QUERIES.items()], "query_id text split"
    )
    rows: list[tuple[Any, ...]] = [(q, "d1", 1, s) for q, s in QUERIES.items()]
    write(tmp_path / "qrels.parquet", "qrels", rows, "query_id doc_id relevance split")
    write(tmp_path / "queries.parquet", "queries", [], "query_id")
    rows = [(system, s, q, "nDCG@10", value) for system, value in SYSTEMS.items() for q, s in QUERIES.items()]
    write(tmp_path / "per_query.parquet", "per_query", rows, "system split query_id measure value")
    rows = []
    for system, value in SYSTEMS.items():
        base = SYSTEMS[system.partition(".")[0]]
        p_value = 0.001 if "." in system else None
        figures = (value, base, value - base, value - base, value - base, p_value)
        rows += [(system, split, "nDCG@10", *figures, n) for split, n in (("dev", 1), ("test", 2))]
    columns = "system split measure value base delta ci_low ci_high p_value queries"
    write(tmp_path / "summary.parquet", "summary", rows, columns)
    rows = [(q, doc, rank, 0.0) for q in QUERIES for rank, doc in enumerate(("d2", "d1"), 1)]
    for system in SYSTEMS:
        write(tmp_path / f"runs/{system}.parquet", "runs", rows, "query_id doc_id rank score", f"runs/{system}")
    columns = "stage type split reason queries"
    rows = [("queries", "lead", "train", "generated", 900), ("queries", "lead", "train", "kept", 800)]
    write(tmp_path / "funnel/queries.parquet", "funnel", rows, columns, "funnel/queries")
    for student, count in (("minilm", 711), ("e5", 622)):
        rows = [("lists", "lead", "train", "kept", count)]
        write(tmp_path / f"funnel/lists.{student}.parquet", "funnel", rows, columns, f"funnel/lists/{student}")
        rows = [(0, "dev", None, 0.5), (1, "train", 0.9, None), (2, "train", 0.8, None), (2, "dev", None, 0.6)]
        path = tmp_path / f"models/{student}/listwise/history.parquet"
        key = f"models/{student}/listwise/history"
        write(path, "history", rows, "step split loss nDCG@10", key, trained={"lead": count - 1}, best_step=0)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "corpus.tsv").write_text("s\tmax_rss\tcpu_time\n61.5\t800\t90\n")
    return tmp_path


def report(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    config = folder / "config" / "report.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"title": "my <corpus>", "examples": 2, "config": {"seed": 4711}}))
    command = [sys.executable, "-m", "listill.stages.report", "--config", config, "--out", folder / "report.html"]
    for name in ("summary", "per-query", "corpus", "topics", "qrels", "queries"):
        command += [f"--{name}", folder / f"{name.replace('-', '_')}.parquet"]
    for name, pattern in (("runs", "runs/*"), ("funnels", "funnel/*.parquet"), ("histories", "models/*/*/*")):
        command += [f"--{name}", *sorted(folder.glob(pattern))]
    return subprocess.run([*command, *more], capture_output=True, text=True, check=False)


def test_the_page_covers_all_students(folder: Path) -> None:
    done = report(folder, "--benchmarks", str(folder / "benchmarks" / "corpus.tsv"))
    assert done.returncode == 0, done.stderr
    page = (folder / "report.html").read_text()
    assert (
        "minilm.listwise beats minilm by +0.200 nDCG@10 (0.500 → 0.700; interval +0.200 to +0.200; p = 0.001;" in page
    )
    assert "2 test topics; one seed)" in page
    assert "e5.listwise is worse than e5 by -0.100" in page
    for expected in (
        "my &lt;corpus&gt;",
        "711",
        "622",
        "710 lists",
        "621 lists",
        "kept step 0 (the base model)",
        "Title &amp; Co",
        "4711",
        "1:02 min",
    ):
        assert expected in page, expected
    assert "text t2" in page
    assert "text t1" not in page  # dev queries are not used as examples
    assert [path.name for path in folder.glob(".report*")] == []


def test_benchmarks_are_optional(folder: Path) -> None:
    assert report(folder).returncode == 0
    assert "No benchmark files were given" in (folder / "report.html").read_text()


def test_the_same_inputs_give_the_same_page(folder: Path) -> None:
    report(folder)
    first = (folder / "report.html").read_bytes()
    report(folder)
    assert (folder / "report.html").read_bytes() == first


def test_an_empty_summary_is_an_error(folder: Path) -> None:
    write(folder / "summary.parquet", "summary", [], "system")
    done = report(folder)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"listill report: error: {folder}/summary.parquet: the table is empty: run the stage evaluate again"
    ]
    assert not (folder / "report.html").exists()


def test_settings_hold_the_whole_config() -> None:
    config = Settings.model_validate(
        {"corpora": {"a": {"source": {"kind": "python_api"}}}, "students": {"m": {"model": "x"}}, "seed": 5}
    )
    chosen = settings(config, "a")
    assert chosen.title == "a"
    assert chosen.examples == config.evaluation.examples
    assert Settings.model_validate(chosen.config) == config


SEVERAL: dict[str, Any] = {
    "corpora": {name: {"source": {"kind": "python_api"}} for name in ("a", "b", "c", "d", "e")},
    "students": {"m": {"model": "x"}},
    "training": {
        "variants": {
            "listwise": {"corpora": ["a", "b"]},
            "anchored": {"corpora": ["a"], "losses": {"listwise": 1, "anchor": 1}, "anchor_texts": {"corpus": "d"}},
            "other": {"corpora": ["e"]},
        }
    },
}
JOINT: dict[str, Any] = {"joint": {"both": {"student": "m", "variant": "listwise", "corpora": ["a", "b"]}}}
RETENTION: dict[str, Any] = {"evaluation": {"retention": {"corpora": ["c"]}}}
EXPORT: dict[str, Any] = {"export": {"systems": ["m.listwise", "m.other"]}}


@pytest.mark.parametrize(
    ("corpus", "more", "kept"),
    [
        ("a", JOINT | RETENTION | EXPORT, "abcd"),
        ("c", JOINT | RETENTION, "abcd"),
        ("b", RETENTION | EXPORT, "bcd"),
        ("e", EXPORT, "de"),
        ("d", {}, "abcde"),
    ],
)
def test_the_settings_of_the_page_are_a_config_that_can_be_run(corpus: str, more: dict[str, Any], kept: str) -> None:
    config = Settings.model_validate(SEVERAL | more)
    shown = Settings.model_validate(settings(config, corpus).config)
    assert sorted(shown.corpora) == list(kept)
    assert shown.evaluated_on(corpus) == config.evaluated_on(corpus)
    assert shown.retention_of(corpus) == config.retention_of(corpus)
    assert shown.exported_on(corpus) == config.exported_on(corpus)
    assert shown.joint == config.joint


def test_the_settings_of_the_page_mean_the_same_where_keys_are_missing_or_null() -> None:
    """A missing key of a variant, or of BM25, is not its default but the shared one, or that of the language."""
    config = Settings.model_validate(
        {
            "corpora": {"a": {"source": {"kind": "python_api"}, "language": "german"}},
            "students": {"m": {"model": "x"}},
            "mining": {"bm25": {"k1": 1.1}, "additional": {"plain": {"kind": "bm25", "stemmer": None}}},
            "training": {
                "lists": {"length": 5, "judgement_margin": None},
                "variants": {"listwise": {"lists": {"positives": 0.4}}},
            },
        }
    )
    shown = Settings.model_validate(settings(config, "a").config)
    assert shown == config
    assert shown.mining_on("a") == config.mining_on("a") != config.mining
    assert shown.training.recipe("listwise") == config.training.recipe("listwise")
    assert shown.training.lists_of("listwise") == config.training.lists_of("listwise")


def test_an_unrelated_corpus_does_not_change_the_settings_of_the_page() -> None:
    changed = SEVERAL | {
        "corpora": SEVERAL["corpora"] | {"e": {"source": {"kind": "python_api"}, "template": "{text}"}}
    }
    before, after = (settings(Settings.model_validate(one | JOINT | RETENTION), "a") for one in (SEVERAL, changed))
    assert before == after


def test_the_versions_are_those_of_all_stages(folder: Path) -> None:
    """Stages may have run in environments of their own, with versions that the page's does not have."""
    for student, version in (("minilm", "9.9.1"), ("e5", "9.9.2")):
        path = folder / f"models/{student}/listwise/history.parquet"
        rows = tables.read(path, "history")
        key = f"models/{student}/listwise/history"
        details = {**tables.details(path), "versions": {"torch": version, "made-up": "1.5"}}
        tables.write(path, "history", rows, tables.Provenance(key, tables.digest(version), {}, details))
    done = report(folder)
    assert done.returncode == 0, done.stderr
    page = (folder / "report.html").read_text()
    assert re.search(r"<th scope=\"row\">torch</th><td>[^<]*9\.9\.1, 9\.9\.2</td>", page)
    assert '<th scope="row">made-up</th><td>1.5</td>' in page
    assert re.search(r"<th scope=\"row\">pandas</th><td>[\d.]+</td>", page)
