"""The result table as text.

python -m listill.report.table results/python_api
"""

import argparse
import json
import sys
import textwrap
from pathlib import Path

from listill.errors import UserError
from listill.report.cell import Cell, signed
from listill.report.results import Results
from listill.report.retention import retained
from listill.report.verdict import verdicts

WIDTH = 100
_NAME = 31  # longer system names are shortened; this leaves room for three measures


def table(results: Results, title: str, split: str | None = None) -> str:
    """Return a table of systems and measures on one split (default: the most trusted), at most 100 characters wide."""
    split = split or results.trusted
    chosen = {results.chosen(student) for student in results.students}
    names = {system: _short(system) + (" <" if system in chosen else "") for system in results.systems}
    width = max(map(len, names.values()))
    shown = results.measures[: max(1, (WIDTH - width - 13) // 18)]
    head = f"{'':{width}}" + "".join(f"  {measure:<16}" for measure in shown) + f"  p ({results.main})"
    lines = [f"{title}, {split}: {results.described(split)}", "", head.rstrip()]
    for system in results.systems:
        cells = [results.cell(system, split, measure) for measure in shown]
        if cells[0] is None:
            continue
        row = f"{names[system]:{width}}" + "".join(f"  {_cell(cell):<16}" for cell in cells)
        lines.append(f"{row}  {_p_value(cells[0])}".rstrip())
    lines += [
        "",
        f"value and difference from the student's base model (bm25, teacher: from {results.students[0]});"
        if results.students
        else "value;",
        "* p < 0.05, ** p < 0.01 (paired, Holm-corrected); <=: more resamples could give a smaller p",
    ]
    if chosen - {None}:
        lines.append("<  the best variant of the student on dev")
    lines += [
        f"{system}: mean of {cell.seeds:.0f} seeds, whose means have a standard deviation of {cell.seed_sd:.4f}"
        for system in results.systems
        if results.owner(system) and (cell := results.cell(system, split, results.main)) and cell.seeds > 1
    ]
    if len(shown) < len(results.measures):
        lines.append(f"not shown: {', '.join(results.measures[len(shown) :])}")
    return "\n".join(lines)


def text(folder: Path) -> str:
    """Return the table and the verdicts for the results folder of a corpus."""
    comparisons = folder / "comparisons.parquet"
    results = Results.read(folder / "summary.parquet", comparisons if comparisons.exists() else None)
    conclusions = "\n".join(textwrap.fill(verdict.text, WIDTH) for verdict in verdicts(results))
    parts = [table(results, folder.resolve().name), f"{conclusions}{_elsewhere(folder)}", *_places(folder, results)]
    return "\n\n".join(parts)


def _places(folder: Path, results: Results) -> list[str]:
    """Return where the page and the selected models are, and how to load one of them; nothing of what is not there."""
    page = (folder / "report.html").absolute()
    lines = [f"the page: {page}"] if page.exists() else []
    chosen = {student: results.chosen(student) for student in results.students if results.variants(student)}
    models = {system: _model(folder, student, system) for student, system in chosen.items() if system}
    there = {system: model for system, model in models.items() if (model / "modules.json").exists()}
    lines += [f"the model {system}: {model}" for system, model in there.items()]
    if chosen and None in chosen.values() and (folder / "models").is_dir():
        lines.append(f"the models: {(folder / 'models').absolute()}")
    if there:
        model = next(iter(there.values()))
        lines += [
            "to load it:",
            "  from sentence_transformers import SentenceTransformer",
            f'  model = SentenceTransformer("{model}")',
            "  model.encode_query([...]), model.encode_document([...])",
        ]
    return ["\n".join(lines)] if lines else []


def _model(folder: Path, student: str, system: str) -> Path:
    """Return the folder of a trained system: with several seeds, of the first; that of a joint training is in no corpus."""
    variant = system.removeprefix(f"{student}.")
    joint = folder.absolute().parent / "joint" / variant
    own = folder.absolute() / "models" / student / variant
    return joint if joint.exists() and not own.exists() else own


def _elsewhere(folder: Path) -> str:
    """Return a line for each trained system on each other corpus of the last report."""
    report = folder / "config" / "report.json"
    try:
        config = json.loads(report.read_text())["config"] if report.exists() else {}
    except (ValueError, KeyError):
        raise UserError(f"{report}: damaged: remove it, and run Snakemake again") from None
    retention = config.get("evaluation", {}).get("retention")
    if not retention:
        return ""
    files = {name: folder / "retention" / name / "summary.parquet" for name in retention["corpora"]}
    others = {name: Results.read(path) for name, path in files.items() if path.exists()}
    lines = [
        f"on {row.corpus} ({row.queries}), {row.system}: {row.measure} {row.cell.base:.3f} -> {row.cell.value:.3f}, "
        f"{signed(row.cell.delta)} ({row.cell.interval}): {row.state}"
        for row in retained(others, retention["max_loss"])
    ]
    return "".join(f"\n{textwrap.fill(line, WIDTH)}" for line in lines)


def _short(system: str) -> str:
    return system if len(system) <= _NAME else f"{system[:12]}...{system[15 - _NAME :]}"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return f"{cell.value:.3f} {signed(cell.delta)}{cell.mark}" if cell.tested else f"{cell.value:.3f}"


def _p_value(cell: Cell) -> str:
    return cell.p.removeprefix("= ") if cell.tested else ""


def main() -> None:
    """Print the table of one or more results folders."""
    parser = argparse.ArgumentParser(prog="python -m listill.report.table", description="Print the result table.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="results/CORPUS")
    try:
        print("\n\n".join(text(folder) for folder in parser.parse_args().folders))
    except UserError as error:
        sys.exit(f"listill: error: {error}")


if __name__ == "__main__":
    main()
