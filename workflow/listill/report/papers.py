"""The tables of the papers over all corpora of a config, as text (Markdown) and as one self-contained HTML page.

python -m listill.report.papers results --config config/paper-mini.yaml
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import yaml

from listill import tables
from listill.errors import UserError
from listill.frozen import parse
from listill.measure_names import SELECTION
from listill.report.cell import Cell, signed
from listill.report.paper_layout import layouts
from listill.report.paper_tables import Measured, Row, Table, fill, read
from listill.report.templates import template
from listill.settings.config import Settings

NOTES = [
    "Each cell shows the value, the difference from the student's base model, and its interval. * p < 0.05, ** p < 0.01 "
    "(paired permutation test over clusters of queries, Holm-corrected). Rows with a minus sign compare two rows; their "
    "p-values are corrected over all such comparisons of the student, shown or not.",
    "Values of a row with several seeds are means over the seeds; the intervals contain their spread. An empty cell has "
    "not been run. 'base kept': with all seeds, the base model was better than the trained weights on dev.",
]


def text(filled: list[Table], measured: dict[str, Measured], corpora: list[str]) -> str:
    """Return the tables as Markdown."""
    parts = [f"{SELECTION} on " + "; ".join(f"{corpus}: {_queries(measured, corpus)}" for corpus in corpora) + "."]
    for table in filled:
        parts.append(f"### {table.title}\n\n{table.about if table.rows else _nothing(table)}")
        if table.rows:
            several = len(table.corpora) > 1
            head = ["student", "", *table.corpora, *(["mean"] if several else [])]
            lines = [head, ["---"] * len(head)]
            for row in table.rows:
                label = " ".join(filter(None, [row.label, f"({row.seeds})" if row.seeds else ""]))
                cells = [row.cells[corpus] for corpus in table.corpora] + ([row.mean] if several else [])
                lines.append([row.student, label, *(_as_text(cell, row) for cell in cells)])
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
        parts += _chosen(table)
    return "\n\n".join([*parts, *NOTES]) + "\n"


def page(filled: list[Table], measured: dict[str, Measured], corpora: list[str]) -> str:
    """Return the HTML page."""
    return template("papers.html.j2").render(
        tables=[(table, _nothing(table), _chosen(table)) for table in filled],
        corpora={corpus: _queries(measured, corpus) for corpus in corpora},
        measure=SELECTION,
        delta=_delta,
        interval=_interval,
        notes=NOTES,
    )


def _queries(measured: dict[str, Measured], corpus: str) -> str:
    """Return which queries a corpus is evaluated on."""
    if corpus not in measured:
        return "not run"
    results = measured[corpus].results
    return results.described(results.trusted)


def _nothing(table: Table) -> str:
    return f"The config has no variants for this table. {table.about}"


def _chosen(table: Table) -> list[str]:
    """Return which variants are shown in the rows that several variants fit."""
    return [
        f"{row.student}, {row.label}: of several variants, the best on dev is shown: "
        + ", ".join(f"{name} ({corpus})" for corpus, name in row.several.items())
        for row in table.rows
        if row.several
    ]


def _delta(cell: Cell) -> str:
    """Return the difference with its mark; empty if the cell has none (a base, or a teacher)."""
    is_mean = np.isnan(cell.low) and not np.isnan(cell.delta)
    return f"{signed(cell.delta)}{cell.mark}" if cell.tested or is_mean else ""


def _interval(cell: Cell) -> str:
    """Return the interval of the difference; empty if there is none."""
    return cell.interval if cell.tested else ""


def _as_text(cell: Cell | None, row: Row) -> str:
    if cell is None:
        return ""
    value = "" if row.difference else f"{cell.value:.3f}"
    interval = f"[{_interval(cell)}]" if cell.tested else ""
    kept = "base kept" if cell.discarded else ""
    return " ".join(filter(None, [value, _delta(cell).replace("*", r"\*"), interval, kept]))


def _settings(path: Path) -> Settings:
    try:
        data = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: no such config file") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {str(error).replace(chr(10), ' ')}") from None
    return parse(Settings, data, str(path))


def main() -> None:
    """Print the tables of a config, or write them."""
    parser = argparse.ArgumentParser(prog="python -m listill.report.papers", description="The tables of the papers.")
    parser.add_argument("folder", type=Path, metavar="results", help="the folder results")
    parser.add_argument("--config", type=Path, required=True, help="the config of the run (YAML or JSON)")
    parser.add_argument("--page", type=Path, help="write the tables to this HTML file")
    parser.add_argument("--text", type=Path, help="write the tables to this Markdown file instead of printing them")
    arguments = parser.parse_args()
    try:
        settings = _settings(arguments.config)
        corpora = sorted(settings.corpora)
        measured = read(arguments.folder, corpora)
        if not measured:
            raise UserError(f"{arguments.folder}: no corpus of {arguments.config} has a summary.parquet: run it first")
        filled = fill(layouts(settings), measured)
        if arguments.page:
            with tables.atomic(arguments.page) as temporary:
                temporary.write_text(page(filled, measured, corpora), encoding="utf-8")
        if arguments.text:
            with tables.atomic(arguments.text) as temporary:
                temporary.write_text(text(filled, measured, corpora), encoding="utf-8")
        else:
            print(text(filled, measured, corpora), end="")
    except UserError as error:
        sys.exit(f"listill: error: {error}")


if __name__ == "__main__":
    main()
