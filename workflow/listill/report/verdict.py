"""The verdict: whether training helped a student, against what, and how far the answer can be trusted."""

from dataclasses import dataclass

import numpy as np

from listill.evaluation.significance import FEW_CLUSTERS
from listill.report.results import Cell, Results, p_text
from listill.system_names import FUSED

CAVEATS = {
    "heldout": "Held-out synthetic queries measure self-consistency, not relevance.",
    "dev": "The dev queries were also used to select the step and the variant, so this result is optimistic.",
}


@dataclass(frozen=True)
class Verdict:
    """The conclusion for one student: a sentence with its caveats, the variant selected on dev, and its result."""

    student: str
    sentence: str
    caveat: str = ""
    variant: str | None = None
    cell: Cell | None = None


def verdicts(results: Results) -> list[Verdict]:
    """Return the verdict for each student."""
    found = [_verdict(results, student) for student in results.students if results.variants(student)]
    return found or [Verdict("", "no trained variant has been evaluated")]


def _verdict(results: Results, student: str) -> Verdict:
    variant = results.chosen(student)
    cell = results.cell(variant, results.trusted, results.main) if variant else None
    if variant is None or cell is None:
        return Verdict(student, f"no variant of {student} can be selected, as there are no dev queries; see the table")
    selection = "; selected on dev" if len(results.variants(student)) > 1 else ""
    seeds = f", mean of {cell.seeds:.0f} seeds" if cell.seeds > 1 else ""
    where = f"{results.described(results.trusted)}{seeds}"
    if cell.discarded:
        sentence = f"training did not help {student}: the base model is kept ({cell.base:.3f} {results.main}, {where})"
    else:
        figures = f"{cell.base:.3f} -> {cell.value:.3f}, p {p_text(cell.p_value)}, {where}"
        sentence = f"{_claim(results, student, variant, cell)} {cell.delta:+.3f} {results.main} ({figures}){selection}"
    bar, bar_note = _bar(results, student, variant)
    notes = [bar_note, _variants_note(results, student, variant), _seeds_note(cell), _size_note(results, cell)]
    caveat = " ".join(note for note in [*notes, CAVEATS.get(results.trusted, "")] if note)
    return Verdict(student, sentence + bar, caveat, variant, cell)


def _claim(results: Results, student: str, variant: str, cell: Cell) -> str:
    if cell.significant:
        return f"{variant} {'beats' if cell.delta > 0 else 'is worse than'} {student} by"
    if any(other.significant and other.delta > 0 for other in _variant_cells(results, student)):
        return f"{variant} is not significantly better than {student}:"
    return f"no variant is significantly better than {student}; {variant}:"


def best_untrained(results: Results, student: str) -> str:
    """Return the best of BM25, the base model and their fusion on the most trusted split."""
    cells = {name: results.cell(name, results.trusted, results.main) for name in (student, student + FUSED, "bm25")}
    return max((name for name, cell in cells.items() if cell), key=lambda name: cells[name].value)  # type: ignore[union-attr]


def _bar(results: Results, student: str, variant: str) -> tuple[str, str]:
    """Compare with the best untrained system: what is added to the verdict, and what to its notes."""
    best = best_untrained(results, student)
    pair = results.pair(variant, best, results.trusted, results.main)
    if best == student or pair is None:
        return "", ""
    figures = f"{best}, without training, has {pair.base:.3f}"
    if pair.significant and pair.delta > 0:
        return "", f"It also beats the best system without training: {best} ({pair.base:.3f}) by {pair.delta:+.3f}."
    if pair.significant:
        return f"; but {figures}, significantly more", ""
    return f"; but {figures}: no significant difference ({pair.delta:+.3f}, p {p_text(pair.p_value)})", ""


def _variants_note(results: Results, student: str, variant: str) -> str:
    pairs = {
        other: pair
        for other in results.variants(student)
        if other != variant and (pair := results.pair(variant, other, results.trusted, results.main))
    }
    better = [other for other, pair in pairs.items() if pair.significant and pair.delta > 0]
    worse = [other for other, pair in pairs.items() if pair.significant and pair.delta < 0]
    level = [other for other in pairs if other not in better + worse]
    notes = [
        f"It is significantly better than {', '.join(better)}." if better else "",
        f"It is significantly worse than {', '.join(worse)}." if worse else "",
        f"Its difference from {', '.join(level)} is not significant." if level else "",
    ]
    return " ".join(note for note in notes if note)


def _seeds_note(cell: Cell) -> str:
    if 0 < cell.kept < cell.seeds:
        return f"With {cell.seeds - cell.kept:.0f} of {cell.seeds:.0f} seeds, the base model was kept."
    return ""


def _size_note(results: Results, cell: Cell) -> str:
    clusters = results.queries(results.trusted) if np.isnan(cell.clusters) else cell.clusters
    if clusters >= FEW_CLUSTERS:
        return ""
    note = f"So few queries cannot carry a decision ({results.described(results.trusted)})"
    if np.isnan(cell.detectable):
        return f"{note}."
    return f"{note}: only a difference of about {cell.detectable:.2f} or more is likely to be found."


def _variant_cells(results: Results, student: str) -> list[Cell]:
    cells = [results.cell(variant, results.trusted, results.main) for variant in results.variants(student)]
    return [cell for cell in cells if cell]
