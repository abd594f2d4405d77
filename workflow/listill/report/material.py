"""The data for the report page, and how it is read from the files of a run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from listill import tables
from listill.evaluation.topics import EvaluationQueries, evaluation_queries
from listill.report import costs
from listill.report.funnel import OWN
from listill.report.results import Results
from listill.schemas import SCHEMAS
from listill.system_names import seed_number, trained_system


@dataclass(frozen=True)
class History:
    """One training run: the history table, the number of training lists of each query type, and the step that was kept.

    ``temperature`` is the teacher temperature, if it was matched automatically. Without ``kept``, the best step on dev
    is shown, or the earliest of several best steps.
    """

    student: str
    variant: str
    table: pd.DataFrame
    trained: dict[str, int] = field(default_factory=dict)
    kept: int | None = None
    temperature: float | None = None

    @property
    def seed(self) -> int:
        """Which of the variant's seeds this run has (from 1)."""
        return seed_number(self.variant)


@dataclass(frozen=True)
class Truncated:
    """How many ``documents`` of all (``of``) are longer than a student's maximum length, and the share of cut tokens."""

    documents: int
    of: int
    tokens_cut: float


@dataclass(frozen=True)
class Material:
    """All data for the page.

    ``summary``, ``comparisons``, ``per_query``, ``corpus``: the tables with these names. ``runs``: the runs table of each
    system. ``funnels``: the funnel rows of each student. ``truncated``: how many documents each student reads in part.
    ``retention``: the summary of the students on each other corpus.
    """

    title: str
    summary: pd.DataFrame
    per_query: pd.DataFrame
    evaluated: EvaluationQueries
    corpus: pd.DataFrame
    runs: dict[str, pd.DataFrame]
    funnels: dict[str, pd.DataFrame]
    histories: list[History]
    costs: list[costs.Cost]
    config: dict[str, Any]
    versions: dict[str, str]
    fingerprints: dict[str, str]
    comparisons: pd.DataFrame | None = None
    truncated: dict[str, Truncated] = field(default_factory=dict)
    retention: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Files:
    """The files of a run that the page is made from."""

    per_query: Path
    corpus: Path
    topics: Path
    qrels: Path
    queries: Path
    funnels: list[Path]
    histories: list[Path]
    runs: list[Path]
    benchmarks: list[Path]
    comparisons: Path | None = None
    tokens: list[Path] = field(default_factory=list)
    retention: list[Path] = field(default_factory=list)


def load(
    title: str,
    summary: pd.DataFrame,
    files: Files,
    config: dict[str, Any],
    versions: dict[str, str],
    fingerprints: dict[str, str],
) -> Material:
    """Read the files and return all data for the page."""
    return Material(
        title=title,
        summary=summary,
        comparisons=None if files.comparisons is None else tables.read(files.comparisons, "comparisons"),
        per_query=tables.read(files.per_query, "per_query"),
        evaluated=evaluation_queries(files.topics, files.qrels, files.queries, files.corpus),
        corpus=tables.read(files.corpus, "corpus"),
        runs={_system(path): tables.read(path, "runs", ["query_id", "doc_id", "rank"]) for path in files.runs},
        funnels=_funnels(files.funnels, Results(summary).students),
        truncated=_truncated(files.tokens),
        retention={_corpus(path): tables.read(path, "summary") for path in files.retention},
        histories=[_history(path, title) for path in files.histories],
        costs=costs.read(files.benchmarks),
        config=config,
        versions=versions,
        fingerprints=fingerprints,
    )


def _system(path: Path) -> str:
    return tables.provenance(path).key.removeprefix("runs/")


def _corpus(path: Path) -> str:
    """Return the corpus that a table is of."""
    return tables.provenance(path).corpus or path.parent.name


def _history(path: Path, corpus: str) -> History:
    """Read models/<student>/<variant>/history.parquet, or that of a joint training with what concerns ``corpus``."""
    about = tables.provenance(path)
    table, details = tables.read(path, "history"), about.details
    student, variant = path.parent.parent.name, path.parent.name
    if "corpora" in details:
        student, _, variant = trained_system(about.key).partition(".")
        details = {"best_step": details.get("best_step"), **details["corpora"].get(corpus, {})}
    return History(
        student,
        variant,
        table,
        details.get("trained", {}),
        details.get("best_step"),
        details.get("teacher_temperature"),
    )


def _truncated(paths: list[Path]) -> dict[str, Truncated]:
    """Return what tokens/<student>.parquet files say about truncated documents."""
    details = {path.stem: tables.provenance(path).details.get("truncated") for path in paths}
    return {student: Truncated(**counts) for student, counts in details.items() if counts}


def _funnels(paths: list[Path], students: list[str]) -> dict[str, pd.DataFrame]:
    """Return the funnel rows of each student: from its lists and from the files that all students share.

    The rows of funnel/lists.<student>.<variant>.parquet get the stage ``lists.<variant>``.
    """
    empty: dict[str, list[Any]] = {column: [] for column in SCHEMAS["funnel"].names}
    found = {student: [pd.DataFrame(empty)] for student in students}
    for path in paths:
        rows = tables.read(path, "funnel")
        _, _, system = path.stem.partition(".")
        student, _, variant = system.partition(".")
        rows = rows.assign(stage=f"{OWN}{variant}") if variant else rows
        for name in [student] if system else students:
            found[name].append(rows)
    return {student: pd.concat(frames) for student, frames in found.items()}
