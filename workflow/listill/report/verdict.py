"""The verdict: whether training helped a student, against what, and how far the answer can be trusted."""

from dataclasses import dataclass

import numpy as np

from listill.report.cell import HELPED, HURT, NO_DIFFERENCE, NOTICEABLE, TOO_FEW, TOO_FEW_SEEDS, Cell, signed
from listill.report.results import Results
from listill.system_names import FUSED

CAVEATS = {
    "heldout": "Held-out synthetic queries measure self-consistency, not relevance.",
    "dev": "The dev queries were also used to select the step and the variant, so this result is optimistic.",
}


@dataclass(frozen=True)
class Verdict:
    """The conclusion for one student: whether it helped, in one word and in one sentence.

    ``bar`` compares with the best system without training, if that is not the base model. ``caveat`` is what limits the
    conclusion, in sentences. ``variant`` is the one that was selected on dev, ``cell`` its result.
    """

    student: str
    sentence: str
    word: str = ""
    bar: str = ""
    caveat: str = ""
    variant: str | None = None
    cell: Cell | None = None

    @property
    def headline(self) -> str:
        """The word and the sentence, such as ``HELPED: minilm.listwise beats minilm by ...``."""
        return f"{self.word}: {self.sentence}." if self.word else f"{self.sentence}."

    @property
    def text(self) -> str:
        """All of it, as one paragraph."""
        return " ".join(filter(None, [self.headline, self.bar, self.caveat]))


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
    seeds = f"mean of {cell.seeds:.0f} seeds" if cell.seeds > 1 else "one seed"
    where = f"{results.described(results.trusted)}; {seeds}"
    if cell.discarded:
        sentence = f"training did not help {student}: the base model is kept ({cell.base:.3f} {results.main}; {where})"
    else:
        figures = f"{cell.base:.3f} -> {cell.value:.3f}; {results.interval_name} {cell.interval}; p {cell.p}; {where}"
        sentence = (
            f"{_claim(results, student, variant, cell)} {signed(cell.delta)} {results.main} ({figures}){selection}"
        )
    notes = [_width_note(cell), _size_note(results, cell), _variants_note(results, student, variant), _seeds_note(cell)]
    caveat = " ".join(note for note in [*notes, CAVEATS.get(results.trusted, "")] if note)
    return Verdict(student, sentence, cell.word, _bar(results, student, variant), caveat, variant, cell)


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


def _bar(results: Results, student: str, variant: str) -> str:
    """Compare with the best untrained system, in one sentence; empty if that is the base model."""
    best = best_untrained(results, student)
    pair = results.pair(variant, best, results.trusted, results.main)
    if best == student or pair is None:
        return ""
    figures = f"{signed(pair.delta)}, {pair.interval}, p {pair.p}"
    if pair.significant and pair.delta > 0:
        return f"It also beats the best system without training, {best} ({pair.base:.3f}), by {figures}."
    worse = "significantly more" if pair.significant else "no significant difference"
    return f"But {best}, without training, has {pair.base:.3f}: {worse} ({figures})."


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


def _width_note(cell: Cell) -> str:
    """Return what the word for a result that is not significant means."""
    near = NOTICEABLE * cell.base
    if cell.word == NO_DIFFERENCE and not cell.discarded:
        return (
            f"The whole interval is within {near:.3f} of 0 (5 % of the base): such a difference is hardly noticeable."
        )
    if cell.word == TOO_FEW_SEEDS:
        return "The seeds are too few to tell: the queries show a difference, but the seeds differ so much that it may be 0."
    if cell.word != TOO_FEW or cell.few:
        return ""
    if cell.low <= 0 <= cell.high:
        return (
            f"The queries are too few to tell: the interval contains differences of over {near:.3f} (5 % of the base)."
        )
    return (
        "The queries are too few to tell: the interval does not contain 0, but the corrected p-value is not below 0.05."
    )


def _size_note(results: Results, cell: Cell) -> str:
    """Return what few clusters mean: an uncertain size of a difference that was found, or a decision that is not possible."""
    if not cell.few:
        return ""
    if cell.word in (HELPED, HURT):
        return f"Only {cell.clusters:.0f} clusters of queries: the size of the difference is uncertain."
    note = f"So few queries cannot carry a decision ({results.described(results.trusted)})"
    if np.isnan(cell.detectable):
        return f"{note}."
    return f"{note}: only a difference of about {cell.detectable:.2f} or more is likely to be found."


def _variant_cells(results: Results, student: str) -> list[Cell]:
    cells = [results.cell(variant, results.trusted, results.main) for variant in results.variants(student)]
    return [cell for cell in cells if cell]
