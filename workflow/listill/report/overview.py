"""The overview page: the verdicts on all corpora, and macro averages.

python -m listill.report.overview results/*/summary.parquet --page results/overview.html
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from listill import tables
from listill.errors import UserError
from listill.report import plots
from listill.report.cell import HELPED, HURT, NO_DIFFERENCE, TOO_FEW, TOO_FEW_SEEDS, Cell
from listill.report.origin import here
from listill.report.results import Results
from listill.report.templates import template
from listill.report.verdict import Verdict, verdicts


@dataclass(frozen=True)
class Row:
    """One system: its result on each corpus (None where it was not measured), and the mean over all corpora."""

    system: str
    cells: dict[str, Cell | None]
    mean: Cell | None


def macro(cells: list[Cell], joint: bool = False) -> Cell:
    """Return the mean over corpora, each of which counts the same; the interval is nan unless all corpora have one.

    Corpora are independent samples, so the squared half-widths of their intervals add up: the interval of the mean of n
    corpora has the half-width ``sqrt(sum(h ** 2)) / n`` (for normal errors). It is about these corpora, not about others.
    The errors of a ``joint`` student, which is the same model on all corpora, are not independent: a seed may be good for
    all of them. Its half-width is ``sum(h) / n``, which is the upper bound for errors with any correlation.
    """
    value, base, delta = np.mean([[cell.value, cell.base, cell.delta] for cell in cells], axis=0)
    halves = np.array([(cell.high - cell.low) / 2 if cell.tested else np.nan for cell in cells])
    half = float(halves.sum() if joint else np.sqrt((halves**2).sum())) / len(cells)
    tested = not np.isnan(half)
    seeds = min(cell.seeds for cell in cells)
    return Cell(
        float(value),
        float(base),
        float(delta) if tested else np.nan,
        float(delta) - half,
        float(delta) + half,
        np.nan,
        seeds=seeds,
    )


def rows(results: dict[str, Results], measure: str) -> list[Row]:
    """Return all systems on all corpora (at least one), in the order of the first corpus that has them."""
    found = []
    for system in dict.fromkeys(system for one in results.values() for system in one.systems):
        cells = {corpus: one.cell(system, one.trusted, measure) for corpus, one in results.items()}
        there = [cell for cell in cells.values() if cell]
        complete = len(there) == len(cells) > 1
        if there:
            joint = any(one.is_joint(system) for one in results.values())
            found.append(Row(system, cells, macro(there, joint) if complete else None))
    return found


def render(results: dict[str, Results]) -> str:
    """Return the page. It links to ``<corpus>/report.html`` and ``papers.html`` beside it.

    Raises UserError if the corpora have no measure in common.
    """
    measures = [m for m in next(iter(results.values())).measures if all(m in one.measures for one in results.values())]
    if not measures:
        raise UserError(f"the corpora {', '.join(results)} have no measure in common: see evaluation.measures")
    measure = measures[0]
    concluded = [(corpus, verdict) for corpus, one in results.items() for verdict in verdicts(one)]
    table = rows(results, measure)
    ends = [
        abs(end)
        for cell in [v.cell for _, v in concluded] + [row.mean for row in table]
        if cell
        for end in (cell.low, cell.high)
        if not np.isnan(end)
    ]
    return template("overview.html.j2").render(
        results=results,
        concluded=concluded,
        counts=_counts([verdict for _, verdict in concluded]),
        measure=measure,
        rows=table,
        axis_limit=max([*ends, 1e-9]),
        interval=plots.interval,
        scale=plots.scale,
        several=len(results) > 1,
        origin=here(),
    )


def _counts(concluded: list[Verdict]) -> dict[str, int]:
    """Return how often each word was the verdict."""
    words = [verdict.word for verdict in concluded]
    return {word: words.count(word) for word in (HELPED, NO_DIFFERENCE, HURT, TOO_FEW, TOO_FEW_SEEDS) if word in words}


def read(summaries: list[Path]) -> dict[str, Results]:
    """Read summary.parquet files, and the comparisons.parquet beside them, by the name of their corpus."""
    found = {}
    for path in summaries:
        comparisons = path.with_name("comparisons.parquet")
        corpus = tables.provenance(path).corpus or path.parent.name
        if corpus in found:
            raise UserError(f"{path}: the corpus '{corpus}' is there twice: give one summary of each corpus")
        found[corpus] = Results.read(path, comparisons if comparisons.exists() else None)
    return dict(sorted(found.items()))


def main() -> None:
    """Write the overview page."""
    parser = argparse.ArgumentParser(prog="python -m listill.report.overview", description="The overview page.")
    parser.add_argument("summaries", nargs="+", type=Path, metavar="summary.parquet", help="one of each corpus")
    parser.add_argument("--page", type=Path, required=True, help="write the page to this HTML file")
    arguments = parser.parse_args()
    try:
        page = render(read(arguments.summaries))
        with tables.atomic(arguments.page) as temporary:
            temporary.write_text(page, encoding="utf-8")
    except UserError as error:
        sys.exit(f"listill: error: {error}")


if __name__ == "__main__":
    main()
