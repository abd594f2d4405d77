from dataclasses import replace
from pathlib import Path
from typing import Any

import flow
import pytest
from known_runs import DEMO, demo, scifact

from listill.estimate import space
from listill.estimate.counts import counts
from listill.estimate.jobs import OneCorpus, added, jobs_of, joint_jobs
from listill.plan import Plan


def corpora(settings: dict[str, Any]) -> dict[str, OneCorpus]:
    plan = Plan(settings)
    return {name: OneCorpus(plan, name, DEMO, counts(plan.settings, name, DEMO), {}) for name in plan.corpora}


def test_the_jobs_are_those_of_a_run(finished: Path, settings: dict[str, Any]) -> None:
    """Each job of a run leaves a file in benchmarks/, but the report, which reads them."""
    had = {path.stem for path in flow.results(finished).glob("benchmarks/*.tsv")}
    (one,) = corpora(settings).values()
    assert {job.stage for job in jobs_of(one)} - {"report"} == had


def test_jobs_of_several_corpora(settings: dict[str, Any]) -> None:
    settings = flow.changed(settings, "corpora.other", settings["corpora"]["tiny"])
    settings = flow.changed(settings, "corpora.third", settings["corpora"]["tiny"])
    settings = flow.changed(settings, "training.variants.listwise.corpora", ["tiny"])
    settings = flow.changed(settings, "training.variants.combined.corpora", ["tiny"])
    settings = flow.changed(settings, "evaluation.retention", {"corpora": ["third"]})
    settings = flow.changed(settings, "joint.both", {"corpora": ["tiny", "other"], "student": "small"})
    found = corpora(settings)
    stages = [job.stage for job in joint_jobs(found)]
    assert stages == [
        "joint.both",
        *["encode.small.both"] * 3,
        "retention.small.combined",
        "retention.small.listwise",
        "evaluate.tiny.third",
    ]
    joint = next(iter(joint_jobs(found)))
    assert joint.amount == pytest.approx(2 * found["tiny"].counts.lists)
    third = {job.stage for job in jobs_of(found["third"])}
    assert "search.small.both" in third
    assert not third & {"candidates", "scores", "gate", "rerank"}


def test_a_source_of_packages_imports_them(settings: dict[str, Any]) -> None:
    packages = flow.changed(settings, "corpora.tiny.source", {"kind": "python_api", "packages": ["json"]})
    found = [next(iter(jobs_of(one))) for case in (settings, packages) for one in corpora(case).values()]
    assert [(job.stage, job.start) for job in found] == [("corpus", "plain"), ("corpus", "text")]


def test_a_learning_curve_trains_on_shares(settings: dict[str, Any]) -> None:
    settings = flow.changed(settings, "evaluation.learning_curve", [0.25, 1])
    (one,) = corpora(settings).values()
    jobs = {job.stage: job for job in jobs_of(one)}
    point, whole = jobs["learning_curve.small.listwise.25"], jobs["train.small.listwise"]
    assert point.amount == pytest.approx(whole.amount / 4)
    assert point.work["train.small"] == pytest.approx(whole.work["train.small"] / 4)
    assert "learning_curve.small.listwise.100" not in jobs


def test_jobs_that_only_some_corpora_need(settings: dict[str, Any], tmp_path: Path) -> None:
    """The jobs of each rule are as many as Snakemake would run; one corpus measures retention, one serves as anchor."""
    for name in ("kept", "anchor"):
        settings = flow.changed(settings, f"corpora.{name}", settings["corpora"]["tiny"])
    settings = flow.changed(settings, "training.variants.combined.corpora", ["tiny"])
    settings = flow.changed(settings, "training.variants.listwise.corpora", ["tiny"])
    settings = flow.changed(settings, "training.variants.listwise.anchor_texts", {"corpus": "anchor"})
    settings = flow.changed(settings, "training.variants.listwise.losses", {"listwise": 1, "anchor": 0.1})
    settings = flow.changed(settings, "evaluation.retention", {"corpora": ["kept"]})
    model = settings["students"]["small"]["model"]
    settings = flow.changed(settings, "mining.additional", {"other": {"kind": "dense", "model": model}})
    found = corpora(settings)
    stages = [job.stage for job in [*(job for one in found.values() for job in jobs_of(one)), *joint_jobs(found)]]

    def count(*names: str) -> int:
        return sum(stage in names for stage in stages)

    rules = flow.scheduled(tmp_path, settings)
    assert count("queries") == rules["generate_queries"] == 2
    assert count("encode.small", "encode.other") == rules["encode_corpus"] == 4
    assert count("search.small") == rules["search_base"] == 2
    assert count("search.bm25") == rules["search_bm25"] == 1
    assert sum(stage.startswith("fuse.") for stage in stages) == rules["fuse_runs"] == 3
    assert count("evaluate.tiny.kept") == rules["evaluate_other"] == 1


def test_students_on_tasks_of_mteb(settings: dict[str, Any]) -> None:
    (one,) = corpora(flow.changed(settings, "evaluation.mteb", ["A", "B"])).values()
    found = {job.stage: job.work for job in jobs_of(one) if job.family == "mteb"}
    assert found == {f"mteb.{system}": {"mteb": 2} for system in ("small", "small.combined", "small.listwise")}


def test_students_whose_queries_alone_are_trained_encode_no_documents(settings: dict[str, Any]) -> None:
    for name in ("other", "third"):
        settings = flow.changed(settings, f"corpora.{name}", settings["corpora"]["tiny"])
    settings = flow.changed(settings, "training.variants.combined.corpora", ["tiny"])
    settings = flow.changed(settings, "training.variants.listwise.corpora", ["tiny"])
    settings = flow.changed(settings, "evaluation.retention", {"corpora": ["third"]})
    settings = flow.changed(settings, "joint.both", {"corpora": ["tiny", "other"], "student": "small"})
    settings = flow.changed(settings, "training.tower", "query")
    found = corpora(settings)
    jobs = {job.stage: job for job in joint_jobs(found)}
    assert "encode.small.both" not in jobs
    queries = found["third"].queries("small", found["third"].counts.evaluated)
    assert jobs["retention.small.combined"].work["encode.small"] == queries["encode.small"]


def test_the_memory_of_a_joint_training_is_that_of_its_largest_corpus(settings: dict[str, Any]) -> None:
    settings = flow.changed(settings, "corpora.other", settings["corpora"]["tiny"])
    settings = flow.changed(settings, "joint.both", {"corpora": ["tiny", "other"], "student": "small"})
    found = corpora(settings)
    small = next(iter(joint_jobs(found))).memory
    found["other"] = replace(found["other"], known=replace(DEMO, characters=10 * DEMO.characters))
    assert next(iter(joint_jobs(found))).memory == pytest.approx(small + space.LOADED * 9 * DEMO.characters)


def test_a_second_round(settings: dict[str, Any]) -> None:
    (one,) = corpora(flow.changed(settings, "training.rounds", 2)).values()
    stages = {job.stage for job in jobs_of(one)}
    assert {"candidates.small.listwise", "scores.small.listwise", "lists.small.listwise"} <= stages
    assert "train.small.listwise-round2" in stages


def work(one: OneCorpus) -> dict[str, dict[str, float]]:
    return {job.stage: job.work for job in jobs_of(one)}


def test_the_work_of_the_demo() -> None:
    found = work(demo())
    tokens = 45.7  # of a document, of at most 48
    assert found["encode.minilm"] == {"encode.minilm": pytest.approx(2854 * tokens, rel=1e-3)}
    # 172 dev queries; rerank has the others' pairs.
    assert found["gate"]["pairs.maxsim"] == 172 * 32
    assert found["rerank"]["pairs.maxsim"] == (840 - 172) * 32
    # Lists of 4 documents and a query; the last measurement encodes the corpus.
    lists = demo().counts.lists
    assert found["train.minilm.listwise"]["train.minilm"] == pytest.approx(lists * (4 * tokens + 12), rel=1e-3)
    assert found["train.minilm.listwise"]["encode.minilm"] == pytest.approx(2854 * tokens, rel=1e-3)


def test_a_large_corpus_is_measured_in_part_and_encoded_once_more() -> None:
    one = replace(demo(), known=replace(DEMO, documents=100_000))
    per_document = work(demo())["encode.minilm"]["encode.minilm"] / 2854
    encoded = work(one)["train.minilm.listwise"]["encode.minilm"] / per_document
    assert encoded == pytest.approx(5000 + 100_000)


def test_a_teacher_with_a_model_of_its_own() -> None:
    found = work(scifact())["scores"]
    pairs = scifact().counts.pairs
    assert found["score.cross"] == pytest.approx(pairs * (330 + 15))
    assert found["pairs.maxsim"] == pairs
    # Each document is encoded once for late interaction; queries of a language model are not cut out of passages.
    assert found["encode.bge"] > 5183 * 330 * 0.99
    assert added({"a": 1.0}, {"a": 2.0, "b": 3.0}) == {"a": 3.0, "b": 3.0}


def test_shares_of_the_scores(settings: dict[str, Any]) -> None:
    """Together they have the pairs and the work of one job; each BM25 teacher makes its index."""
    (one,) = corpora(settings).values()
    (shared,) = corpora(flow.changed(settings, "teacher.shards", 2)).values()
    (whole,) = (job for job in jobs_of(one) if job.stage == "scores")
    *shares, table = (job for job in jobs_of(shared) if job.family == "scores")
    assert [job.stage for job in [*shares, table]] == ["scores.1-of-2", "scores.2-of-2", "scores"]
    assert sum(job.amount for job in shares) + table.amount == pytest.approx(whole.amount)
    assert table.work == {"rows": whole.amount}
    total = added(*(job.work for job in shares))
    assert total.pop("index") == 2 * whole.work["index"]
    assert total == pytest.approx({rate: amount for rate, amount in whole.work.items() if rate != "index"})
