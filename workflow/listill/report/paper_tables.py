"""The tables of the papers, filled with the results of all corpora that have been run."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.errors import UserError
from listill.measure_names import SELECTION
from listill.report.cell import Cell
from listill.report.paper_layout import ENSEMBLE, Layout
from listill.report.results import Results


@dataclass(frozen=True)
class Measured:
    """The results of one corpus: of all systems, and the table ``gate`` (the teachers as rerankers)."""

    results: Results
    gate: pd.DataFrame | None = None


@dataclass(frozen=True)
class Row:
    """One row: a result for each corpus, None where there is none.

    A row of differences (``difference``) compares two other rows. ``several`` names the variant that is shown for each
    corpus if several fit the row.
    """

    student: str
    label: str
    cells: dict[str, Cell | None]
    difference: bool = False
    several: dict[str, str] = field(default_factory=dict)

    @property
    def mean(self) -> Cell | None:
        """The means over all corpora, without interval; None unless there are several corpora, all with a result."""
        cells = [cell for cell in self.cells.values() if cell]
        if len(cells) < 2 or len(cells) < len(self.cells):
            return None
        value, base, delta = np.mean([[cell.value, cell.base, cell.delta] for cell in cells], axis=0)
        tested = all(cell.tested for cell in cells)
        return Cell(float(value), float(base), float(delta) if tested else np.nan, np.nan, np.nan, np.nan)

    @property
    def seeds(self) -> str:
        """The number of seeds, such as ``3 seeds``; empty for one seed."""
        counts = sorted({int(cell.seeds) for cell in self.cells.values() if cell})
        return f"{' or '.join(map(str, counts))} seeds" if counts and counts != [1] else ""


@dataclass(frozen=True)
class Table:
    """One table of the papers, whose columns are corpora."""

    title: str
    about: str
    rows: list[Row]
    corpora: list[str]


def read(folder: Path, corpora: list[str]) -> dict[str, Measured]:
    """Return the results of the corpora that have been evaluated (``folder`` is the folder ``results``).

    Raises UserError if a corpus was evaluated without the measure of the tables.
    """
    found = {}
    for corpus in corpora:
        files = {name: folder / corpus / f"{name}.parquet" for name in ("summary", "comparisons", "gate")}
        there = {name: tables.read(path, name) for name, path in files.items() if path.exists()}
        if "summary" in there and len(there["summary"]):
            results = Results(there["summary"], there.get("comparisons"))
            if SELECTION not in results.measures:
                raise UserError(
                    f"{files['summary']}: the papers' tables show {SELECTION}, which was not measured: add it to "
                    "evaluation.measures"
                )
            found[corpus] = Measured(results, there.get("gate"))
    return found


def fill(layouts: list[Layout], measured: dict[str, Measured]) -> list[Table]:
    """Return the tables: the first begins with the systems that need no training, the last with the teachers alone."""
    filled = []
    for number, layout in enumerate(layouts, 1):
        rows = [row for student in layout.students for row in _student_rows(layout, measured, student)]
        if rows and layout is layouts[0]:
            rows = [*_untrained(measured, layout.corpora), *rows]
        if layout.reference == ENSEMBLE:
            rows = [*_rerankers(measured, layout.corpora or list(measured)), *rows]
        corpora = layout.corpora or (list(measured) if rows else [])
        filled.append(Table(f"Table {number}: {layout.title.lower()}", layout.about, rows, corpora))
    return filled


def _student_rows(layout: Layout, measured: dict[str, Measured], student: str) -> Iterator[Row]:
    """Yield the rows of one student: the base model, the variants, and their differences from the reference."""
    corpora = layout.corpora
    yield Row(student, "base", {corpus: _cell(measured, corpus, student) for corpus in corpora})
    systems = {
        label: {corpus: _best(measured, corpus, [f"{student}.{variant}" for variant in variants]) for corpus in corpora}
        for label, variants in layout.rows.items()
    }
    for label, of_corpus in systems.items():
        cells = {corpus: _cell(measured, corpus, of_corpus[corpus]) for corpus in corpora}
        several = len(layout.rows[label]) > 1
        yield Row(student, label, cells, several={k: name for k, name in of_corpus.items() if name and several})
    for label in systems:
        if label != layout.reference and layout.reference in systems:
            cells = {
                corpus: _pair(measured, corpus, systems[label][corpus], systems[layout.reference][corpus])
                for corpus in corpora
            }
            yield Row(student, f"{label} - {layout.reference}", cells, difference=True)


def _untrained(measured: dict[str, Measured], corpora: list[str]) -> list[Row]:
    labels = {"bm25": "BM25", "teacher": "teacher, reranking"}
    return [
        Row("", label, {corpus: _plain(_cell(measured, corpus, system)) for corpus in corpora})
        for system, label in labels.items()
    ]


def _rerankers(measured: dict[str, Measured], corpora: list[str]) -> list[Row]:
    """Return the values of gate.parquet: each teacher, the ensemble and the base models, on dev queries."""
    values = {
        corpus: dict(zip(one.gate["system"], one.gate["value"], strict=True))
        for corpus, one in measured.items()
        if one.gate is not None
    }
    systems = list(dict.fromkeys(system for of_corpus in values.values() for system in of_corpus))
    alone = [system for system in systems if system.startswith("teacher.")]
    others = [system for system in systems if system not in alone and system != "teacher"]
    return [
        Row(
            "reranking, dev queries",
            ENSEMBLE if system == "teacher" else system.removeprefix("teacher."),
            {corpus: _value(values.get(corpus, {}).get(system)) for corpus in corpora},
        )
        for system in [*alone, *(["teacher"] if systems else []), *others]
    ]


def _best(measured: dict[str, Measured], corpus: str, systems: list[str]) -> str | None:
    """Return the system with the best value on dev, of those that were measured; None if none was."""
    found = [system for system in systems if _cell(measured, corpus, system)]

    def on_dev(system: str) -> float:
        cell = measured[corpus].results.cell(system, "dev", SELECTION)
        return cell.value if cell else -np.inf

    return max(found, key=on_dev, default=None)


def _cell(measured: dict[str, Measured], corpus: str, system: str | None) -> Cell | None:
    if corpus not in measured or system is None:
        return None
    results = measured[corpus].results
    return results.cell(system, results.trusted, SELECTION)


def _pair(measured: dict[str, Measured], corpus: str, system: str | None, against: str | None) -> Cell | None:
    if corpus not in measured or system is None or against is None:
        return None
    results = measured[corpus].results
    return results.pair(system, against, results.trusted, SELECTION)


def _plain(cell: Cell | None) -> Cell | None:
    """Return a result without its comparison, which is with the base model of the first student."""
    return cell and replace(cell, p_value=np.nan)


def _value(value: float | None) -> Cell | None:
    return None if value is None else Cell(float(value), np.nan, np.nan, np.nan, np.nan, np.nan)
