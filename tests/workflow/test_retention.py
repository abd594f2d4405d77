"""Trained students on another corpus, on which nothing is trained: measured, reported, and rerun when they should be."""

import re
import shutil
from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest

import tiny


@pytest.fixture(scope="module")
def two(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The config of the finished run with a corpus for retention only."""
    beir = tiny.tiny_corpus(tmp_path_factory.mktemp("other") / "beir", documents=40, topics=8, seed=1)
    new = flow.changed(settings, "corpora.other", {"source": {"kind": "beir", "path": str(beir)}, "heldout": 0})
    new = flow.changed(new, "training.variants.listwise.corpora", [flow.CORPUS])
    new = flow.changed(new, "training.variants.combined.corpora", [flow.CORPUS])
    return flow.changed(new, "evaluation.retention", {"corpora": ["other"], "max_loss": 0.01})


@pytest.fixture(scope="module")
def measured(finished: Path, two: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run, continued with retention."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("retention") / "run"))
    flow.make(folder, two)
    return folder


def test_only_the_other_corpus_and_the_report_are_made(finished: Path, two: dict[str, Any], tmp_path: Path) -> None:
    jobs = flow.scheduled(Path(shutil.copytree(finished, tmp_path / "run")), two)
    del jobs["stage_settings"]
    assert jobs == {
        "make_corpus": 1,
        "generate_queries": 1,
        "encode_corpus": 1,
        "search_base": 1,
        "search_other": 2,
        "evaluate_other": 1,
        "write_report": 1,
    }


def test_the_students_are_compared_with_their_base_there(measured: Path, finished: Path) -> None:
    table = pd.read_parquet(flow.results(measured) / "retention" / "other" / "summary.parquet")
    test = table.query("split == 'test' and measure == 'nDCG@10'").set_index("system")
    trained = [f"{flow.STUDENT}.{variant}" for variant in flow.VARIANTS]
    assert set(test.index) == {flow.STUDENT, *trained}
    assert (test["queries"] == 8).all()
    assert test.loc[trained, "base"].tolist() == [test.loc[flow.STUDENT, "value"]] * 2
    assert (test.loc[trained, "ci_low"] <= test.loc[trained, "delta"]).all()
    own = pd.read_parquet(flow.results(measured) / "summary.parquet")
    pd.testing.assert_frame_equal(own, pd.read_parquet(flow.results(finished) / "summary.parquet"))
    page = (flow.results(measured) / "report.html").read_text()
    section = page[page.index('<section id="retention">') :]
    assert all(name in section[: section.index("</section>")] for name in ["other", *trained])
    assert not (measured / "results" / "other" / "report.html").exists()


def test_an_anchor_on_the_other_corpus(measured: Path, two: dict[str, Any], tmp_path: Path) -> None:
    """The variant alone is trained again, on texts of the other corpus, too; and again if that corpus has changed."""
    anchored = {"losses": {"listwise": 1, "anchor": 1}, "anchor_texts": {"corpus": "other", "passages": 5}}
    new = flow.changed(two, "training.variants.combined", two["training"]["variants"]["combined"] | anchored)
    folder = Path(shutil.copytree(measured, tmp_path / "run"))
    jobs = flow.scheduled(folder, new)
    assert (jobs["train_student"], jobs.get("encode_corpus", 0), jobs.get("make_corpus", 0)) == (1, 0, 0)
    flow.make(folder, new, "train")
    history = [
        pd.read_parquet(flow.results(run) / "models" / flow.STUDENT / "combined" / "history.parquet").query(
            "split == 'train'"
        )
        for run in (measured, folder)
    ]
    steps = len(history[1])
    assert history[1]["passages"].iloc[-1] == history[0]["passages"].iloc[-1] + 5 * steps
    assert "train_student" not in flow.scheduled(folder, new, "train")
    jobs = flow.scheduled(folder, flow.changed(new, "corpora.other.template", "{text}"), "train")
    assert (jobs["make_corpus"], jobs["encode_corpus"], jobs["train_student"]) == (1, 1, 1)


def test_weights_that_lose_on_the_other_corpus_are_not_kept(
    measured: Path, two: dict[str, Any], tmp_path: Path
) -> None:
    """The variant alone is trained again, and measured on the topics of the other corpus."""
    none = {"selection": {"merge": "use", "retention": {"corpora": ["other"], "max_loss": 0}}}
    new = flow.changed(two, "training.variants.combined", two["training"]["variants"]["combined"] | none)
    folder = Path(shutil.copytree(measured, tmp_path / "run"))
    jobs = flow.scheduled(folder, new, "train")
    assert (jobs["train_student"], jobs.get("encode_corpus", 0)) == (1, 0)
    flow.make(folder, new, "train")
    log = (flow.results(folder) / "logs" / f"train.{flow.STUDENT}.combined.log").read_text()
    assert (
        "selection: weights that lose more than 0 on other are not kept (8 queries, 40 documents, base nDCG@10" in log
    )
    rows = re.findall(
        r"weights '(.+)' have ([0-9.]+) on other \(base ([0-9.]+)\)(: they lose too much to be kept)?", log
    )
    assert [bool(lost) for *_, lost in rows] == [float(value) < float(base) for _, value, base, _ in rows]
    assert {name for name, *_ in rows} >= {"step"}
    assert "train_student" not in flow.scheduled(folder, new, "train")
    jobs = flow.scheduled(folder, flow.changed(new, "corpora.other.template", "{text}"), "train")
    assert (jobs["make_corpus"], jobs["encode_corpus"], jobs["train_student"]) == (1, 1, 1)


def test_nothing_is_left_to_do_and_the_accepted_loss_changes_the_report_only(
    measured: Path, two: dict[str, Any]
) -> None:
    assert not flow.scheduled(measured, two)
    jobs = flow.scheduled(measured, flow.changed(two, "evaluation.retention.max_loss", 0.02))
    assert jobs == {"stage_settings": 1, "write_report": 1}
    jobs = flow.scheduled(measured, flow.changed(two, "training.variants.combined.learning_rate", 1e-4))
    assert {rule: jobs[rule] for rule in ("train_student", "search_other", "evaluate_other")} == {
        "train_student": 1,
        "search_other": 1,
        "evaluate_other": 1,
    }
    assert "make_corpus" not in jobs
