"""What the page is made of, and how it is read from a run's files."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from listill import tables
from listill.evaluation.topics import EvaluationQueries, evaluation_queries
from listill.report import costs
from listill.report.results import Results
from listill.schemas import SCHEMAS


@dataclass(frozen=True)
class History:
    """One training run: the history table, the lists of each query type that it was trained on, the step kept.

    ``temperature``: of the teacher, where it was matched. Without ``kept`` the step that is best on dev is taken, the
    earliest of equals.
    """

    student: str
    variant: str
    table: pd.DataFrame
    trained: dict[str, int] = field(default_factory=dict)
    kept: int | None = None
    temperature: float | None = None


@dataclass(frozen=True)
class Material:
    """All that the page is made of.

    ``summary``, ``per_query``, ``corpus``: the tables of these names; ``runs``: runs table of each system; ``funnels``:
    funnel rows of each student.
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


@dataclass(frozen=True)
class Files:
    """The files of a run that the page is read from."""

    per_query: Path
    corpus: Path
    topics: Path
    qrels: Path
    queries: Path
    funnels: list[Path]
    histories: list[Path]
    runs: list[Path]
    benchmarks: list[Path]


def load(
    title: str,
    summary: pd.DataFrame,
    files: Files,
    config: dict[str, Any],
    versions: dict[str, str],
    fingerprints: dict[str, str],
) -> Material:
    """Read the files and return all that the page is made of."""
    return Material(
        title=title,
        summary=summary,
        per_query=tables.read(files.per_query, "per_query"),
        evaluated=evaluation_queries(files.topics, files.qrels, files.queries, files.corpus),
        corpus=tables.read(files.corpus, "corpus"),
        runs={_system(path): tables.read(path, "runs", ["query_id", "doc_id", "rank"]) for path in files.runs},
        funnels=_funnels(files.funnels, Results(summary).students),
        histories=[_history(path) for path in files.histories],
        costs=costs.read(files.benchmarks),
        config=config,
        versions=versions,
        fingerprints=fingerprints,
    )


def _system(path: Path) -> str:
    return tables.provenance(path).key.removeprefix("runs/")


def _history(path: Path) -> History:
    """Read models/<student>/<variant>/history.parquet."""
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


def _funnels(paths: list[Path], students: list[str]) -> dict[str, pd.DataFrame]:
    """Return the funnel rows of each student: of funnel/lists.<student>.parquet, and of the files of all students."""
    frames = {path: tables.read(path, "funnel") for path in paths}
    owners = {path: next((name for name in students if path.stem == f"lists.{name}"), None) for path in paths}
    empty: dict[str, list[Any]] = {column: [] for column in SCHEMAS["funnel"].names}
    return {
        student: pd.concat(
            [pd.DataFrame(empty), *(frame for path, frame in frames.items() if owners[path] in (None, student))]
        )
        for student in students
    }
