"""Reruns: a changed key runs the stages that it touches and those downstream, and nothing else.

For one key of each stage, the jobs that a dry run of the finished pipeline schedules; which settings each key changes is in
test_matrix.
"""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flow
import pytest
import yaml

REPORT = Counter(write_report=1)
EVALUATE = REPORT + Counter(evaluate_systems=1)
CHECK = Counter(check_models=1)
ONE_VARIANT = EVALUATE + CHECK + Counter(train_student=1, search_trained=1, fuse_runs=1)
SECOND_SEED = EVALUATE + Counter(train_student=2, search_trained=2, fuse_runs=2)
BOTH_VARIANTS = SECOND_SEED + CHECK
LISTS = BOTH_VARIANTS + Counter(build_lists=1)
SCORES = LISTS + Counter(score_candidates=1)
CANDIDATES = SCORES + Counter(mine_candidates=1)
RERANK = Counter(rerank_topics=1)
TEACHER = RERANK + Counter(gate_teacher=1)
BASE = Counter(search_base=1, fuse_runs=1)
ASKED = CANDIDATES + TEACHER + BASE + Counter(search_bm25=1, generate_queries=1)
EVERYTHING = ASKED + Counter(make_corpus=1, encode_corpus=1)

CHANGES: dict[str, tuple[dict[str, Any], Counter[str]]] = {
    "nothing": ({}, Counter()),
    "seed": ({"seed": 8}, EVERYTHING),
    "corpus": ({"corpora.tiny.heldout": 2}, EVERYTHING),
    "queries": ({"generation.cleaning.max_words": 9}, ASKED),
    "student": ({"students.small.max_length": 40}, CANDIDATES + TEACHER + BASE + Counter(encode_corpus=1)),
    "bm25": ({"mining.bm25.k1": 1.2}, CANDIDATES + TEACHER + Counter(search_bm25=1, fuse_runs=1)),
    "candidates": ({"mining.consistency.top": 3}, CANDIDATES),
    "weights": ({"teacher.normalise": "zscore"}, LISTS + TEACHER),
    "gate": ({"teacher.gate.margin": -1}, LISTS + Counter(gate_teacher=1)),
    "lists": ({"training.lists.length": 5}, LISTS),
    "lists of one variant": (
        {"training.variants.combined": {"losses": {"listwise": 1, "contrastive": 0.1}, "lists": {"length": 5}}},
        ONE_VARIANT + Counter(build_own_lists=1),
    ),
    "training": ({"training.epochs": 2}, BOTH_VARIANTS),
    "one variant": ({"training.variants.combined.epochs": 2}, ONE_VARIANT),
    "a further variant": ({"training.variants.long": {"epochs": 2}}, ONE_VARIANT),
    "a second seed": ({"training.seeds": 2}, SECOND_SEED),
    "one variant fewer": ({"training.variants": {"listwise": {"losses": {"listwise": 1}}}}, EVALUATE + CHECK),
    "depth": (
        {"evaluation.depth": 120},
        EVALUATE + CHECK + RERANK + BASE + Counter(search_bm25=1, search_trained=2, fuse_runs=2),
    ),
    "fusion": ({"evaluation.fusion_k": 30}, EVALUATE + Counter(fuse_runs=3)),
    "evaluation": ({"evaluation.resamples": 200}, EVALUATE),
    "examples": ({"evaluation.examples": 3}, REPORT),
    "TREC runs": ({"evaluation.trec_runs": True}, REPORT + Counter(write_trec_run=8)),
    # Two values that change places are a change, too.
    "swapped": ({"training.variants.combined.losses": {"listwise": 0.1, "contrastive": 1}}, ONE_VARIANT),
}


@pytest.fixture(scope="module")
def dry_runs(finished: Path, settings: dict[str, Any]) -> dict[str, Counter[str]]:
    """The jobs that each change schedules; two dry runs at a time."""

    def one(change: dict[str, Any]) -> Counter[str]:
        new = settings
        for place, value in change.items():
            new = flow.changed(new, place, value)
        return flow.scheduled(finished, new)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CHANGES, pool.map(one, [change for change, _ in CHANGES.values()]), strict=True))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_schedules_its_stages_and_what_is_downstream(name: str, dry_runs: dict[str, Counter[str]]) -> None:
    found = Counter({rule: count for rule, count in dry_runs[name].items() if rule != "stage_settings"})
    assert found == CHANGES[name][1]


def test_order_and_spelling_of_the_config_do_not_matter(finished: Path, settings: dict[str, Any]) -> None:
    """YAML in another order, with quotes, comments and a default written out."""
    text = yaml.safe_dump(settings, sort_keys=True, default_style='"').replace('!!int "7"', "7")
    text = "# a comment\n" + yaml.safe_dump(yaml.safe_load(text) | {"generation": {"human": True}})
    assert not flow.scheduled(finished, text)


def test_touching_files_schedules_nothing(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    folder = copied()
    for file in [*folder.rglob("*.parquet"), *folder.rglob("*.json"), *folder.glob("*.yaml")]:
        os.utime(file)
    for file in Path(settings["corpora"]["tiny"]["source"]["path"]).rglob("*"):
        os.utime(file)
    assert not flow.scheduled(folder, settings)
