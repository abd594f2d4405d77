"""Write the page: did it help, by how much, is it significant, where did queries get lost, what did it cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from listill import tables
from listill.errors import UserError
from listill.settings import Settings
from listill.stages.command import In, Ins, Job, Out, StageSettings, main, versions

if TYPE_CHECKING:
    import pandas as pd

    from listill.report.page import History

VERSION = 2


class ReportStage(StageSettings):
    """What the page says of itself: its title, and the whole config as it was run."""

    title: str = "results"
    examples: int = 5
    config: dict[str, Any] = {}
    jobs: list[str] | None = None


def settings(config: Settings, corpus: str) -> ReportStage:
    """Return the settings of the page of one corpus."""
    whole = config.model_dump(mode="json", exclude_none=True)
    students, variants = sorted(config.students), config.training.all_variants()
    trained = [f"{student}.{variant}" for student in students for variant in variants]
    jobs = ["corpus", "queries", "candidates", "rerank", "gate", "scores", "evaluate", "search.bm25"]
    jobs += [f"{stage}.{student}" for stage in ("encode", "search", "lists") for student in students]
    jobs += [f"ask.{shard}" for shard in config.generation.shard_names]
    jobs += [f"encode.{retriever}" for retriever in config.mining.dense]
    jobs += [f"{stage}.{system}" for stage in ("train", "encode", "search") for system in trained]
    return ReportStage(
        version=VERSION,
        title=corpus,
        examples=config.evaluation.examples,
        config=whole | {"corpora": {corpus: whole["corpora"][corpus]}},
        jobs=jobs,
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
) -> None:
    """Write report.html, whole or not at all. Benchmark files of jobs that the config no longer asks for are left out."""
    from listill.evaluation.topics import evaluation_queries
    from listill.report import costs, page

    benchmarks = [path for path in benchmarks if settings.jobs is None or path.stem in settings.jobs]
    figures = tables.read(summary, "summary")
    if figures.empty:
        raise UserError(f"{summary}: is empty; nothing was evaluated")
    timings = {tables.provenance(path).fingerprint for path in benchmarks}
    material = page.Material(
        title=settings.title,
        summary=figures,
        per_query=tables.read(per_query, "per_query"),
        evaluated=evaluation_queries(topics, qrels, queries, corpus),
        corpus=tables.read(corpus, "corpus"),
        runs={_system(path): tables.read(path, "runs", ["query_id", "doc_id", "rank"]) for path in runs},
        funnels=_funnels(funnels, page.Results(figures).students),
        histories=[_history(path) for path in histories],
        costs=costs.read(benchmarks),
        config=settings.config,
        versions=versions(),
        fingerprints={key: value for key, value in job.lineage.items() if value not in timings},
    )
    html = page.render(material, settings.examples)
    with tables.atomic(out) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _system(path: Path) -> str:
    return tables.provenance(path).key.removeprefix("runs/")


def _history(path: Path) -> "History":
    """Read models/<student>/<variant>/history.parquet."""
    from listill.report.page import History

    details = tables.provenance(path).details
    table = tables.read(path, "history")
    student, variant = path.parent.parent.name, path.parent.name
    return History(
        student,
        variant,
        table,
        details.get("trained", {}),
        details.get("best_step"),
        details.get("teacher_temperature"),
    )


def _funnels(paths: list[Path], students: list[str]) -> "dict[str, pd.DataFrame]":
    """Return the funnel rows of each student: of funnel/lists.<student>.parquet, and of the files of all students."""
    import pandas as pd

    frames = {path: tables.read(path, "funnel") for path in paths}
    owners = {path: next((name for name in students if path.stem == f"lists.{name}"), None) for path in paths}
    empty: dict[str, list[Any]] = {column: [] for column in tables.SCHEMAS["funnel"].names}
    return {
        student: pd.concat(
            [pd.DataFrame(empty), *(frame for path, frame in frames.items() if owners[path] in (None, student))]
        )
        for student in students
    }


if __name__ == "__main__":
    main(run, ReportStage, "report")
