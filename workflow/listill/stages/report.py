"""Write the report page: results with significance tests, the query funnel, training curves, examples and costs."""

from pathlib import Path
from typing import Any

from listill.settings.config import Settings
from listill.stages.command import In, Ins, MaybeIn, Others, Out, main
from listill.stages.job import Job, StageSettings, versions

VERSION = 4


class ReportStage(StageSettings):
    """The settings of the page.

    ``config`` is shown, ``jobs`` are listed with their costs, and ``max_loss`` is accepted on other corpora.
    """

    title: str = "results"
    examples: int = 5
    config: dict[str, Any] = {}
    jobs: list[str] | None = None
    max_loss: float | None = None


def settings(config: Settings, corpus: str) -> ReportStage:
    """Return the settings of the report page of one corpus."""
    whole = config.model_dump(mode="json", exclude_none=True, exclude={"estimate"})
    trained = [".".join(pair) for pair in config.trained_on(corpus)]
    joint = [".".join(pair) for pair in config.jointly_trained()]
    jobs = ["corpus", "queries", "candidates", "rerank", "gate", "scores", "evaluate", "search.bm25", "check"]
    jobs += [f"{stage}.{student}" for stage in ("encode", "search") for student in sorted(config.students)]
    jobs += [f"lists.{name}" for name in config.lists_on(corpus)]
    jobs += [f"ask.{shard}" for shard in config.generation.shard_names]
    jobs += [f"encode.{retriever}" for retriever in config.mining.embedding]
    jobs += [f"{stage}.{system}" for stage in ("train", "search") for system in trained]
    jobs += [f"search.{system}" for system in config.cut_on(corpus)]
    jobs += [f"mteb.{system}" for system in [*sorted(config.students), *trained, *joint]]
    jobs += [f"retention.{other}.{system}" for other in config.retention_of(corpus) for system in trained]
    retention = config.evaluation.retention
    jobs += [f"{stage}.{system}" for stage in ("encode", "search") for system in joint]
    jobs += [f"joint.{name}" for _, name in config.jointly_trained()]
    return ReportStage(
        version=VERSION,
        title=corpus,
        examples=config.evaluation.examples,
        config=whole | {"corpora": {corpus: whole["corpora"][corpus]}},
        jobs=jobs,
        max_loss=retention.max_loss if retention else None,
    )


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
