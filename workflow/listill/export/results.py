"""The figures of a model card: the results of a system beside those it is compared with, from the table ``summary``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from listill.report.results import Cell, Results
from listill.report.retention import retained
from listill.report.verdict import CAVEATS
from listill.system_names import FUSED, without_seed


@dataclass(frozen=True)
class Figures:
    """The results of one system on the most trusted split; ``rows`` and ``retention`` are rows of tables in Markdown."""

    split: str = ""
    queries: str = ""
    measures: list[str] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)
    retention: list[list[str]] = field(default_factory=list)
    seeds: str = ""
    caveat: str = ""
    confidence: str = ""


def figures(
    summary: pd.DataFrame, system: str, student: str, confidence: float, retention: Mapping[str, pd.DataFrame]
) -> Figures:
    """Return the figures of a trained system; those of a variant with several seeds are means over its seeds.

    ``retention`` has the table ``summary`` of each other corpus on which the system was measured.
    """
    results, name = Results(summary), without_seed(system)
    split = results.trusted
    cells = {measure: results.cell(name, split, measure) for measure in results.measures}
    main = cells[results.main]
    if main is None:
        return Figures()
    shown = ["bm25", student, f"{student}{FUSED}", "teacher", name, f"{name}{FUSED}"]
    label = {name: f"**{name}**", student: f"{student} (base)"}
    rows = [
        _row(label.get(one, one), [results.cell(one, split, measure) for measure in results.measures], one == student)
        for one in shown
        if results.cell(one, split, results.main)
    ]
    mean = f"The figures of {name} are means over {main.seeds:.0f} seeds; this is the model of one of them."
    return Figures(
        split,
        results.described(split),
        results.measures,
        {measure: cell.value for measure, cell in cells.items() if cell},
        rows,
        [
            [one.corpus, one.queries, f"{one.cell.base:.3f}", f"{one.cell.value:.3f}", *_difference(one.cell)]
            for one in retained({corpus: Results(table) for corpus, table in retention.items()}, 0.0)
            if one.system == name
        ],
        mean if main.seeds > 1 else "",
        CAVEATS.get(split, ""),
        f"{confidence:.0%}",
    )


def _row(name: str, cells: list[Cell | None], is_base: bool) -> list[str]:
    values = ["" if cell is None else f"{cell.value:.3f}" for cell in cells]
    main = cells[0]
    return [name, *values, *(["", ""] if is_base or main is None else _difference(main))]


def _difference(cell: Cell) -> list[str]:
    mark = cell.mark.replace("*", r"\*")
    return [f"{cell.delta:+.3f}{mark}", f"{cell.low:+.3f} to {cell.high:+.3f}"]
