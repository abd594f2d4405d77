"""The data for the report page, and how it is read from the files of a run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from listill import tables
from listill.evaluation import saved_model
from listill.evaluation.saved_model import AsLoaded
from listill.evaluation.topics import EvaluationQueries, evaluation_queries
from listill.report import costs, distributions
from listill.report.distributions import Histogram
from listill.report.funnel import OWN
from listill.report.origin import Origin, here
from listill.report.results import Results
from listill.retrieval.runs import rows_of
from listill.schemas import SCHEMAS
from listill.system_names import seed_number, trained_system


@dataclass(frozen=True)
class History:
    """One training run: the history table, the number of training lists of each query type, and the step that was kept.

    ``temperature`` is the teacher temperature, if it was matched automatically. Without ``kept``, the best step on dev
    is shown, or the earliest of several best steps. ``folder`` is that of the model, ``tower`` what was trained (``both``,
    or ``query``: the embeddings of the documents are those of the base model).
    """

    student: str
    variant: str
    table: pd.DataFrame
    trained: dict[str, int] = field(default_factory=dict)
    kept: int | None = None
    temperature: float | None = None
    folder: str = ""
    tower: str = "both"

    @property
    def seed(self) -> int:
        """Which of the variant's seeds this run has (from 1)."""
        return seed_number(self.variant)


class Runs(Mapping[str, pd.DataFrame]):
    """The rows of some queries in the runs table of each system.

    They are read whenever they are asked for: all runs together may not fit into memory. ``query_ids``: the queries that
    the page shows; the rows of others do not become Python objects, which is what takes time and memory.
    """

    def __init__(self, paths: list[Path], query_ids: Iterable[str]) -> None:
        self._wanted = sorted(query_ids)
        self._paths = {tables.provenance(path).key.removeprefix("runs/"): path for path in paths}

    def __getitem__(self, system: str) -> pd.DataFrame:
        return rows_of(tables.read_arrow(self._paths[system], "runs"), self._wanted)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True)
class Truncated:
    """How many ``documents`` of all (``of``) are longer than a student's maximum length, and the share of cut tokens."""

    documents: int
    of: int
    tokens_cut: float


@dataclass(frozen=True)
class Material:
    """All data for the page.

    ``per_query``, ``corpus``: the tables with these names. ``training``: the training queries (query_id, text, type,
    doc_id). ``runs``: the runs of each system on the most trusted split. ``funnels``: the funnel rows of each student.
    ``truncated``: how many documents each student reads in part. ``retention``: the results of the students on each other
    corpus. ``teachers``: the distribution of each teacher's scores. ``mteb``: the table with this name of each system.
    ``learning_curves``: the tables ``learning_curve`` of each variant, seed and share.
    ``checks``: how the saved model of each trained system ranks as users load it. ``recall``: the share of the nearest
    documents that mining has found, of each retriever with an approximate index.
    """

    title: str
    results: Results
    per_query: pd.DataFrame
    evaluated: EvaluationQueries
    corpus: pd.DataFrame
    runs: Mapping[str, pd.DataFrame]
    funnels: dict[str, pd.DataFrame]
    histories: list[History]
    costs: list[costs.Cost]
    config: dict[str, Any]
    versions: dict[str, str]
    fingerprints: dict[str, str]
    training: pd.DataFrame
    origin: Origin
    truncated: dict[str, Truncated] = field(default_factory=dict)
    retention: dict[str, Results] = field(default_factory=dict)
    teachers: dict[str, Histogram] = field(default_factory=dict)
    mteb: dict[str, pd.DataFrame] = field(default_factory=dict)
    learning_curves: list[pd.DataFrame] = field(default_factory=list)
    checks: dict[str, AsLoaded] = field(default_factory=dict)
    recall: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Files:
    """The files of a run that the page is made from."""

    summary: Path
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
    scores: Path | None = None
    mteb: list[Path] = field(default_factory=list)
    learning_curves: list[Path] = field(default_factory=list)
    checks: Path | None = None


def load(
    title: str,
    files: Files,
    config: dict[str, Any],
    versions: dict[str, str],
    fingerprints: dict[str, str],
) -> Material:
    """Read the files and return all data for the page."""
    results = Results.read(files.summary, files.comparisons)
    corpus = tables.read(files.corpus, "corpus")
    evaluated = evaluation_queries(files.topics, files.qrels, files.queries, files.corpus)
    queries = tables.read(files.queries, "queries", ["query_id", "text", "type", "doc_id", "split"])
    training = queries[queries["split"] == "train"]
    judged = evaluated.judged
    histories = [_history(path, title) for path in files.histories]
    amounts = _amounts(results, len(corpus), len(evaluated.queries), len(training), histories, files.scores)
    for section, stage in {"encoding": "encode", "teacher": "scores"}.items():
        if config.get(section, {}).get("shards", 1) > 1:  # its job finds what the shares have done, and has no rate
            amounts = {job: amount for job, amount in amounts.items() if job.partition(".")[0] != stage}
    return Material(
        title=title,
        results=results,
        per_query=tables.read(files.per_query, "per_query"),
        evaluated=evaluated,
        corpus=corpus,
        runs=Runs(files.runs, judged.loc[judged["split"] == results.trusted, "query_id"]),
        funnels=_funnels(files.funnels, results.students),
        recall=_recall(files.funnels),
        truncated=_truncated(files.tokens),
        retention={_corpus(path): Results.read(path) for path in files.retention},
        learning_curves=[tables.read(path, "learning_curve") for path in files.learning_curves],
        mteb={path.stem: tables.read(path, "mteb") for path in files.mteb},
        checks=saved_model.by_system(tables.read(files.checks, "checks")) if files.checks else {},
        histories=histories,
        costs=costs.with_rates(costs.read(files.benchmarks), amounts),
        config=config,
        versions=versions,
        fingerprints=fingerprints,
        training=training,
        origin=here(),
        teachers={} if files.scores is None else distributions.teachers(files.scores, queries),
    )


def _amounts(
    results: Results, documents: int, asked: int, training: int, histories: list[History], scores: Path | None
) -> dict[str, tuple[int, str]]:
    """Return how much work the jobs did, with its unit, by the name of their benchmark file.

    ``asked``: all evaluation queries, as a search does not know which have a relevant document. ``training``: the training
    queries, for which candidates are mined. The job ``queries`` has no amount: it also makes queries that are dropped.
    """
    amounts = {"corpus": (documents, "documents"), "candidates": (training, "queries")}
    if scores is not None:
        amounts["scores"] = (pq.read_metadata(scores).num_rows, "scores")
    amounts |= {f"encode.{student}": (documents, "documents") for student in results.students}
    amounts |= {f"search.{system}": (asked, "queries") for system in results.systems}
    for history in histories:
        # The column counts the passages since the first step, so its maximum is that of the whole training.
        passages = max(history.table.get("passages", pd.Series(dtype=float)).dropna(), default=0)
        if passages:
            amounts[f"train.{history.student}.{history.variant}"] = (int(passages), "passages")
    return amounts


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
        str(path.parent),
        about.details.get("settings", {}).get("recipe", {}).get("tower", "both"),
    )


def _truncated(paths: list[Path]) -> dict[str, Truncated]:
    """Return what tokens/<student>.parquet files say about truncated documents."""
    details = {path.stem: tables.provenance(path).details.get("truncated") for path in paths}
    return {student: Truncated(**counts) for student, counts in details.items() if counts}


def _recall(funnels: list[Path]) -> dict[str, float]:
    """Return what the funnel of the candidates says about retrievers that were searched approximately."""
    recall: dict[str, float] = {}
    for path in funnels:
        recall |= tables.details(path).get("recall", {})
    return recall


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
