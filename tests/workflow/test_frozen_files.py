"""The frozen settings of the stages are compared with the config, whatever Snakemake remembers; and deleted files."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import pytest

DOWNSTREAM_OF_CANDIDATES = {
    *("mine_candidates", "score_candidates", "build_lists", "train_student", "search_trained", "fuse_runs"),
    *("check_models", "evaluate_systems", "write_report"),
}
EVERYTHING = {
    *(
        "make_corpus",
        "generate_queries",
        "encode_corpus",
        "search_bm25",
        "search_base",
        "rerank_topics",
        "gate_teacher",
    ),
    *DOWNSTREAM_OF_CANDIDATES,
}


def rules(found: Counter[str]) -> set[str]:
    return set(found) - {"stage_settings"}


@pytest.fixture
def forgotten(copied: Callable[[], Path]) -> Path:
    """The finished run without what Snakemake remembers of it."""
    folder = copied()
    shutil.rmtree(folder / ".snakemake")
    return folder


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("seed", 7, set()),  # as it was
        ("seed", 8, EVERYTHING),
        ("corpora.tiny.heldout", 2, EVERYTHING),
        ("mining.consistency.top", 3, DOWNSTREAM_OF_CANDIDATES),
        (
            "training.learning_rate",
            1e-4,
            DOWNSTREAM_OF_CANDIDATES - {"mine_candidates", "score_candidates", "build_lists"},
        ),
        ("evaluation.examples", 3, {"write_report"}),
    ],
)
def test_a_changed_key_is_seen_although_snakemake_remembers_nothing(
    settings: dict[str, Any], forgotten: Path, place: str, value: Any, expected: set[str]
) -> None:
    assert rules(flow.scheduled(forgotten, flow.changed(settings, place, value))) == expected


@pytest.mark.parametrize("remembers", [True, False])
def test_a_settings_file_that_was_edited_by_hand_is_written_again(
    settings: dict[str, Any], copied: Callable[[], Path], remembers: bool
) -> None:
    """With its date kept, so that only its content tells. The config's value is used, as the report says."""
    folder = copied()
    if not remembers:
        shutil.rmtree(folder / ".snakemake")
    file = flow.results(folder) / "config" / "candidates.json"
    frozen, dates = file.read_text(), file.stat()
    file.write_text(frozen.replace('"depth": 8', '"depth": 7'))
    assert file.read_text() != frozen
    os.utime(file, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert rules(flow.scheduled(folder, settings)) == DOWNSTREAM_OF_CANDIDATES
    flow.make(folder, settings, "candidates")
    assert file.read_text() == frozen


def test_a_renamed_results_folder_is_not_taken_for_the_new_corpus(
    settings: dict[str, Any], copied: Callable[[], Path]
) -> None:
    folder = copied()
    flow.results(folder).rename(folder / "results" / "other")
    renamed = settings | {"corpora": {"other": settings["corpora"]["tiny"]}}
    assert rules(flow.scheduled(folder, renamed)) == EVERYTHING


def test_the_settings_of_the_papers_page_are_compared_too(settings: dict[str, Any], forgotten: Path) -> None:
    """The page is not made again if its settings are as they were."""
    file = forgotten / "results" / "config" / "papers.json"
    flow.make(forgotten, settings, "papers")
    shutil.rmtree(forgotten / ".snakemake")
    assert not flow.scheduled(forgotten, settings, "papers")
    file.write_text(file.read_text().replace("{", "{ ", 1))
    dates = (forgotten / "results" / "papers.html").stat()
    os.utime(file, ns=(dates.st_atime_ns, dates.st_mtime_ns - 1))
    assert flow.scheduled(forgotten, settings, "papers") == Counter(papers_settings=1, write_papers=1)


@pytest.mark.parametrize(
    ("file", "target", "rule"),
    [
        ("topics.parquet", "corpus", "make_corpus"),
        ("funnel/queries.parquet", "queries", "generate_queries"),
        ("candidates.parquet", "candidates", "mine_candidates"),
        ("funnel/lists.small.parquet", "lists", "build_lists"),
        ("per_query.parquet", "evaluate", "evaluate_systems"),
        ("comparisons.parquet", "all", "evaluate_systems"),
        ("models/small/listwise/modules.json", "all", "train_student"),
    ],
)
def test_a_deleted_file_is_made_again_if_its_target_is_asked_for(
    settings: dict[str, Any], copied: Callable[[], Path], file: str, target: str, rule: str
) -> None:
    folder = copied()
    (flow.results(folder) / file).unlink()
    assert flow.scheduled(folder, settings, target)[rule] == 1


def test_a_deleted_file_that_no_result_needs_runs_nothing(settings: dict[str, Any], copied: Callable[[], Path]) -> None:
    """Large tables may be removed to save space: the results remain."""
    folder = copied()
    (flow.results(folder) / "candidates.parquet").unlink()
    shutil.rmtree(flow.results(folder) / "embeddings")
    assert not flow.scheduled(folder, settings)
