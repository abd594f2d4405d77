"""Write the report page: results with significance tests, the query funnel, training curves, examples and costs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from listill.section import Section
from listill.settings.config import Settings
from listill.stages.command import In, Ins, MaybeIn, Others, Out, main
from listill.stages.job import Job, StageSettings, versions

VERSION = 5


class ReportStage(StageSettings):
    """The settings of the page.

    ``config`` is shown and repeats the results, ``jobs`` are listed with their costs, and ``max_loss`` is accepted on other
    corpora.
    """

    title: str = "results"
    examples: int = 5
    config: dict[str, Any] = {}
    jobs: list[str] | None = None
    max_loss: float | None = None


def settings(config: Settings, corpus: str) -> ReportStage:
    """Return the settings of the report page of one corpus."""
    trained = [".".join(pair) for pair in config.trained_on(corpus)]
    joint = [".".join(pair) for pair in config.jointly_trained()]
    jobs = ["corpus", "queries", "candidates", "rerank", "gate", "scores", "evaluate", "search.bm25", "check"]
    jobs += [f"{stage}.{student}" for stage in ("encode", "search") for student in sorted(config.students)]
    jobs += [f"lists.{name}" for name in config.lists_on(corpus)]
    jobs += [f"ask.{shard}" for shard in config.generation.shard_names]
    jobs += [f"scores.{shard}" for shard in config.teacher.shard_names]
    jobs += [f"encode.{retriever}" for retriever in config.mining.embedding]
    encoding = [*sorted(config.students), *config.mining.embedding]
    jobs += [f"encode.{retriever}.{shard}" for retriever in encoding for shard in config.encoding.shard_names]
    jobs += [f"{stage}.{system}" for stage in ("train", "search") for system in trained]
    jobs += [f"search.{system}" for system in config.cut_on(corpus)]
    percents = [round(100 * share) for share in config.evaluation.learning_curve]
    jobs += [f"learning_curve.{system}.{percent}" for system in trained for percent in percents]
    jobs += [f"mteb.{system}" for system in [*sorted(config.students), *trained, *joint]]
    jobs += [f"retention.{other}.{system}" for other in config.retention_of(corpus) for system in trained]
    retention = config.evaluation.retention
    jobs += [f"{stage}.{system}" for stage in ("encode", "search") for system in joint]
    jobs += [f"joint.{name}" for _, name in config.jointly_trained()]
    return ReportStage(
        version=VERSION,
        title=corpus,
        examples=config.evaluation.examples,
        config=_shown(config, corpus),
        jobs=jobs,
        max_loss=retention.max_loss if retention else None,
    )


def _shown(config: Settings, corpus: str) -> dict[str, Any]:
    """Return a valid config that repeats the results of one corpus, so that settings of unrelated corpora rerun no report.

    It has the corpus and those that its models are trained or measured on. Names of other corpora, and of systems that are
    trained on these only, are left out.
    """
    shown = config.model_dump(mode="json", exclude={"estimate"})
    # Where a missing key does not mean its default (but the shared recipe, or the language), only what is set is shown.
    shown["training"]["variants"] = _as_set(config.training.variants)
    shown["joint"] = _as_set(config.joint)
    shown["mining"] |= _as_set({"bm25": config.mining.bm25}) | {"additional": _as_set(config.mining.additional)}
    retention = config.retention_of(corpus)
    kept = _related(config, corpus) | {corpus, *retention}
    shown["corpora"] = {name: one for name, one in shown["corpora"].items() if name in kept}
    for variant in shown["training"]["variants"].values():
        if variant.get("corpora"):
            variant["corpora"] = [name for name in variant["corpora"] if name in kept]
    if not retention:
        shown["evaluation"]["retention"] = None
    if config.export.systems is not None:
        trained = {".".join(pair) for name in kept for pair in config.evaluated_on(name)}
        shown["export"]["systems"] = [system for system in config.export.systems if system in trained]
    return shown


def _as_set(blocks: Mapping[str, Section]) -> dict[str, Any]:
    """Return the keys of each block that were set."""
    return {name: block.model_dump(mode="json", exclude_unset=True) for name, block in blocks.items()}


def _related(config: Settings, corpus: str) -> set[str]:
    """Return the corpora that trainings read besides this one; all corpora if no system is trained for this one."""
    if not config.evaluated_on(corpus):
        return set(config.corpora)  # without a corpus that is trained on, a config is not valid
    return config.read_by_others | {name for joint in config.joint.values() for name in joint.corpora}


def run(
    settings: ReportStage,
    job: Job,
    summary: In,
    per_query: In,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    funnels: Ins,
    histories: Ins,
    runs: Ins,
    out: Out,
    benchmarks: Ins = [],
    comparisons: MaybeIn = None,
    tokens: Ins = [],
    retention: Others = [],
    mteb: Others = [],
    learning_curves: Ins = [],
    checks: MaybeIn = None,
    scores: MaybeIn = None,
) -> None:
    """Write report.html atomically. Benchmark files of jobs that are no longer in the config are left out."""
    from listill import tables
    from listill.report import material, page

    listed_benchmarks = [path for path in benchmarks if settings.jobs is None or path.stem in settings.jobs]
    benchmark_fingerprints = {tables.provenance(path).fingerprint for path in benchmarks}
    files = material.Files(
        *(summary, per_query, corpus, topics, qrels, queries, funnels, histories, runs, listed_benchmarks),
        comparisons=comparisons,
        tokens=tokens,
        retention=retention,
        mteb=mteb,
        learning_curves=learning_curves,
        checks=checks,
        scores=scores,
    )
    page_data = material.load(
        title=settings.title,
        files=files,
        config=settings.config,
        versions=_versions([summary, per_query, corpus, topics, qrels, queries, *funnels, *histories, *runs, *tokens]),
        fingerprints={key: value for key, value in job.lineage.items() if value not in benchmark_fingerprints},
    )
    html = page.render(page_data, settings.examples, settings.max_loss or 0.0)
    with tables.atomic(out) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _versions(inputs: list[Path]) -> dict[str, str]:
    """Return the versions of the packages that the inputs and the page were made with; several if they differ.

    With --sdm conda the stages run in different environments, and that of the page has no torch.
    """
    from listill import tables

    found: dict[str, set[str]] = {}
    for made_with in [versions(), *(tables.details(path).get("versions", {}) for path in inputs)]:
        for package, version in made_with.items():
            found.setdefault(package, set()).add(version)
    return {package: ", ".join(sorted(found[package])) for package in sorted(found)}


if __name__ == "__main__":
    main(run, ReportStage, "report")
