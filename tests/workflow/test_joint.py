"""Joint trainings, through the real Snakefile: a student of two corpora, evaluated on these and on a third one."""

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flow
import numpy as np
import pandas as pd
import pytest
from sentence_transformers import SentenceTransformer

import tiny
from listill import tables

CORPORA = {"one": (40, 12), "two": (30, 8), "three": (24, 8)}  # documents, topics
SYSTEM = f"{flow.STUDENT}.both"


@pytest.fixture(scope="module")
def settings(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Three corpora, a specialist of two of them, a joint student of two of them, and a light teacher."""
    folder = tmp_path_factory.mktemp("beir")
    new = flow.config(folder, tiny_model)
    new["corpora"] = {}
    for seed, (name, (documents, topics)) in enumerate(CORPORA.items()):
        path = tiny.tiny_corpus(folder / name, documents, topics, seed)
        new["corpora"][name] = {"source": {"kind": "beir", "path": str(path)}, "heldout": 2}
    new["teacher"]["members"] = {"words": {"kind": "bm25"}}
    new["training"]["variants"] = {"listwise": {"losses": {"listwise": 1}, "corpora": ["one", "three"]}}
    new["training"]["selection"] = {"evaluations": 2, "base": False}
    return new | {"joint": {"both": {"corpora": ["one", "two"], "student": flow.STUDENT}}}


@pytest.fixture(scope="module")
def run(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a complete run. Read only."""
    folder = tmp_path_factory.mktemp("joint")
    flow.make(folder, settings)
    return folder


def test_the_student_is_evaluated_on_every_corpus(run: Path) -> None:
    results = run / "results"
    model = SentenceTransformer(str(results / "joint" / "both"), device="cpu")
    for corpus in CORPORA:
        summary = pd.read_parquet(results / corpus / "summary.parquet").set_index("system")
        assert {SYSTEM, f"{SYSTEM}+bm25", flow.STUDENT} <= set(summary.index)
        assert (summary.loc[SYSTEM, "kept"] == 1).all()
        comparisons = pd.read_parquet(results / corpus / "comparisons.parquet")
        assert SYSTEM in set(comparisons["system"])
        page = (results / corpus / "report.html").read_text()
        assert f"<h3>{SYSTEM} " in page
        assert ("trained: both" in page) == (corpus != "three")
        assert "joint.both" in page  # among the costs
        embedded = pd.read_parquet(results / corpus / "embeddings" / f"{SYSTEM}.parquet")
        documents = pd.read_parquet(results / corpus / "corpus.parquet")
        texts = (documents["title"] + " " + documents["text"]).tolist()
        np.testing.assert_allclose(np.stack(embedded["embedding"]), model.encode_document(texts), atol=0.02)
        assert "joint/small/both" in tables.provenance(results / corpus / "runs" / f"{SYSTEM}.parquet").lineage


def test_the_folder_of_the_joint_training(run: Path) -> None:
    joint = run / "results" / "joint"
    assert sorted(path.name for path in joint.iterdir()) == ["benchmarks", "both", "config", "logs"]
    history = pd.read_parquet(joint / "both" / "history.parquet")
    by_corpus = pd.read_parquet(joint / "both" / "corpora.parquet")
    steps = by_corpus[by_corpus["split"] == "train"]
    assert steps["corpus"].tolist()[:2] == ["one", "two"]
    assert steps["value"].tolist() == pytest.approx(history.loc[history["split"] == "train", "loss"].tolist())
    for split in ("dev", "decision"):
        means = by_corpus[by_corpus["split"] == split].groupby("step", sort=True)["value"].mean()
        rows = history[history["split"] == split].sort_values("step")
        assert rows["nDCG@10"].tolist() == pytest.approx(means.tolist())
    about = tables.provenance(joint / "both")
    lists = {name: pd.read_parquet(run / "results" / name / "lists/small.parquet") for name in ("one", "two")}
    assert about.corpus is None
    assert {name: sum(one["trained"].values()) for name, one in about.details["corpora"].items()} == {
        name: len(table) for name, table in lists.items()
    }
    temperatures = [one["teacher_temperature"] for one in about.details["corpora"].values()]
    assert temperatures[0] != temperatures[1]
    assert {"one/lists/small", "two/lists/small"} <= about.lineage.keys()
    assert not [name for name in about.lineage if name.startswith("three/")]
    assert "2 corpora (one, two)" in (joint / "both" / "README.md").read_text()


def test_a_joint_training_of_one_corpus_is_a_training_of_a_variant(
    run: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    """Weights and history are equal to the last bit, also with a second seed; the lists are the same files."""
    folder = Path(shutil.copytree(run, tmp_path / "copy"))
    asked = flow.changed(settings, "joint", {"alone": {"corpora": ["one"], "student": flow.STUDENT}})
    asked = flow.changed(asked, "training.seeds", 2)
    results = folder / "results"
    names = ("", "-seed2")
    models = (
        [results / f"one/models/small/listwise{name}" for name in names],
        [results / f"joint/alone{name}" for name in names],
    )
    targets = [str((path / "modules.json").relative_to(folder)) for pair in models for path in pair]
    flow.make(folder, asked, *targets)
    for single, joint in zip(*models, strict=True):
        assert (single / "model.safetensors").read_bytes() == (joint / "model.safetensors").read_bytes()
        for table in ("history", "losses"):
            one, other = (pd.read_parquet(path / f"{table}.parquet") for path in (single, joint))
            dropped = {"columns": "seconds", "errors": "ignore"}
            pd.testing.assert_frame_equal(one.drop(**dropped), other.drop(**dropped), check_exact=True)  # type: ignore[call-overload]
    first, second = ((path / "model.safetensors").read_bytes() for path in models[1])
    assert first != second


REPORTS = Counter(write_report=3, write_overview=1)
EVALUATE = REPORTS + Counter(evaluate_systems=3)
SECOND_SEED = EVALUATE + Counter(train_joint=1, encode_joint=3, search_joint=3, fuse_runs=3)
JOINT = SECOND_SEED + Counter(check_models=3)
SPECIALIST = REPORTS + Counter(evaluate_systems=1, train_student=1, search_trained=1, fuse_runs=1, check_models=1)
SPECIALISTS = Counter(train_student=2, search_trained=2, fuse_runs=2)
ENSEMBLE = Counter(build_lists=3, gate_teacher=3, rerank_topics=3)
ON_TWO = Counter(
    make_corpus=1,
    generate_queries=1,
    encode_corpus=1,
    mine_candidates=1,
    score_candidates=1,
    gate_teacher=1,
    rerank_topics=1,
    build_lists=1,
    search_bm25=1,
    search_base=1,
    fuse_runs=1,
)
BOTH = {"corpora": ["one", "two"], "student": flow.STUDENT}
CHANGES: dict[str, tuple[str, Any, Counter[str]]] = {
    "nothing": ("seed", 7, Counter()),
    "a new corpus": ("joint.both.corpora", ["one", "two", "three"], JOINT),
    "the order": ("joint.both.order", "proportional", JOINT),
    "weights": ("joint.both.weights", {"two": 2.0}, JOINT),
    "the documents of one corpus": ("corpora.two.heldout", 1, JOINT + ON_TWO),
    "the teacher": ("teacher.normalise", "zscore", JOINT + SPECIALISTS + ENSEMBLE),
    "the variant": ("training.variants.listwise.epochs", 2, JOINT + SPECIALISTS),
    # The lists of the joint training are there already.
    "a further specialist": ("training.variants.listwise.corpora", ["one", "two", "three"], SPECIALIST),
    "a second seed": ("training.seeds", 2, SECOND_SEED + SPECIALISTS),
    "a second joint training": ("joint.again", BOTH, JOINT),
}


@pytest.fixture(scope="module")
def dry_runs(run: Path, settings: dict[str, Any]) -> dict[str, Counter[str]]:
    """The jobs that each change schedules; two dry runs at a time."""
    with ThreadPoolExecutor(2) as pool:
        changed = [flow.changed(settings, place, value) for place, value, _ in CHANGES.values()]
        return dict(zip(CHANGES, pool.map(lambda new: flow.scheduled(run, new), changed), strict=True))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_schedules_its_stages_and_what_is_downstream(name: str, dry_runs: dict[str, Counter[str]]) -> None:
    found = Counter({rule: count for rule, count in dry_runs[name].items() if rule != "stage_settings"})
    assert found == CHANGES[name][2]


def test_the_target_train_includes_joint_trainings(settings: dict[str, Any], tmp_path: Path) -> None:
    assert flow.scheduled(tmp_path, settings, "train")["train_joint"] == 1
    without = flow.scheduled(tmp_path, flow.changed(settings, "joint", {}), "train")
    assert without["train_joint"] == 0
    assert without["build_lists"] == 2


def test_only_the_query_tower(run: Path, settings: dict[str, Any]) -> None:
    """The passages are those of the base model: they are not encoded again."""
    asked = flow.changed(settings, "training.variants.listwise.tower", "query")
    assert flow.scheduled(run, asked)["encode_joint"] == 0
    assert flow.scheduled(run, asked)["search_joint"] == 3
