"""Interpretation of a summary table: which split to trust, which variant to choose, and whether training helped."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.measure_names import SELECTION

SPLITS = ("test", "heldout", "dev")  # the most trusted first; dev is used for model selection
SIGNIFICANT = 0.05
CAVEATS = {
    "heldout": "Held-out synthetic queries measure self-consistency, not relevance.",
    "dev": "The dev queries were also used to select the step and the variant, so this result is optimistic.",
}


@dataclass(frozen=True)
class Cell:
    """One result: mean, difference from the base with its interval, corrected p-value (nan if there is none)."""

    value: float
    base: float
    delta: float
    low: float
    high: float
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether the difference from the base is statistically significant."""
        return self.p_value < SIGNIFICANT

    @property
    def tested(self) -> bool:
        """Whether the system was compared with a base; a base itself was not."""
        return not np.isnan(self.p_value)

    @property
    def mark(self) -> str:
        """The significance stars."""
        return "**" if self.p_value < 0.01 else "*" if self.significant else ""

    @property
    def tone(self) -> str:
        """The colour of the difference: up, down or none."""
        return "none" if not self.significant else "up" if self.delta > 0 else "down"


@dataclass(frozen=True)
class Verdict:
    """The conclusion for one student: a sentence with a caveat, the variant selected on dev, and its result."""

    student: str
    sentence: str
    caveat: str = ""
    variant: str | None = None
    cell: Cell | None = None


class Results:
    """A summary table (at least one row), indexed by system, split and measure."""

    def __init__(self, summary: pd.DataFrame) -> None:
        keys = summary[["system", "split", "measure"]].itertuples(index=False, name=None)
        figures = summary[["value", "base", "delta", "ci_low", "ci_high", "p_value"]].to_numpy(dtype=float)
        self._cells = {key: Cell(*map(float, row)) for key, row in zip(keys, figures, strict=True)}
        self._queries = dict(zip(summary["split"], summary["queries"], strict=True))
        self.splits = [split for split in SPLITS if split in self._queries]
        self.measures = sorted(summary["measure"].unique(), key=lambda name: (name != SELECTION, name))
        self.students = _students(summary)
        self.systems = sorted(summary["system"].unique(), key=self._sort_key)

    @property
    def main(self) -> str:
        """The main measure: nDCG@10 if it was measured."""
        return self.measures[0]

    @property
    def trusted(self) -> str:
        """The most trusted split that exists: test topics, then held-out synthetic queries, then dev."""
        return self.splits[0]

    def cell(self, system: str, split: str, measure: str) -> Cell | None:
        """Return one result, or None if it was not measured."""
        return self._cells.get((system, split, measure))

    def queries(self, split: str) -> int:
        """Return the number of queries of a split."""
        return int(self._queries[split])

    def owner(self, system: str) -> str | None:
        """Return the student that a variant was trained from; None for other systems."""
        student, dot, _ = system.partition(".")
        return student if dot and student in self.students else None

    def variants(self, student: str) -> list[str]:
        """Return the systems trained from a student."""
        return [system for system in self.systems if self.owner(system) == student]

    def chosen(self, student: str) -> str | None:
        """Return the student's best variant on dev; None if there are no variants or no dev results.

        Test results are not used, because selecting on them would overestimate the gain. A single variant needs no
        selection.
        """
        variants = self.variants(student)
        if len(variants) == 1:
            return variants[0]
        on_dev = [(cell.value, name) for name in variants if (cell := self.cell(name, "dev", self.main))]
        return min(on_dev, key=lambda pair: (-pair[0], pair[1]))[1] if on_dev else None

    def verdicts(self) -> list[Verdict]:
        """Return the verdict for each student."""
        return [self._verdict(student) for student in self.students if self.variants(student)] or [
            Verdict("", "no trained variant has been evaluated")
        ]

    def _verdict(self, student: str) -> Verdict:
        variant = self.chosen(student)
        cell = self.cell(variant, self.trusted, self.main) if variant else None
        if variant is None or cell is None:
            return Verdict(
                student, f"no variant of {student} can be selected, as there are no dev queries; see the table"
            )
        if cell.significant:
            claim = f"{variant} {'beats' if cell.delta > 0 else 'is worse than'} {student} by"
        elif any(other.significant and other.delta > 0 for other in self._variant_cells(student)):
            claim = f"{variant} is not significantly better than {student}:"
        else:
            claim = f"no variant is significantly better than {student}; {variant}:"
        queries = {"test": "test topics", "heldout": "held-out synthetic queries", "dev": "dev queries"}[self.trusted]
        count = self.queries(self.trusted)
        figures = f"{cell.base:.3f} -> {cell.value:.3f}, p {p_text(cell.p_value)}, {count} {queries}"
        selection = "; selected on dev" if len(self.variants(student)) > 1 else ""
        sentence = f"{claim} {cell.delta:+.3f} {self.main} ({figures}){selection}"
        return Verdict(student, sentence, CAVEATS.get(self.trusted, ""), variant, cell)

    def _variant_cells(self, student: str) -> list[Cell]:
        cells = [self.cell(variant, self.trusted, self.main) for variant in self.variants(student)]
        return [cell for cell in cells if cell]

    def _sort_key(self, system: str) -> tuple[int, str, int, str]:
        """Sort BM25 first, then each student with its fusion and variants, then other systems, then the teacher."""
        if system in ("bm25", "teacher"):
            return (0 if system == "bm25" else 3, "", 0, system)
        student = system.partition(".")[0].removesuffix("+bm25")
        if student not in self.students:
            return (2, "", 0, system)
        return (1, student, 0 if system == student else 1 if system.endswith("+bm25") else 2, system)


def p_text(p_value: float) -> str:
    """Return a readable p-value: ``= 0.012``, ``< 0.0001``, or ``n/a``."""
    if np.isnan(p_value):
        return "n/a"
    return "< 0.0001" if p_value < 0.0001 else f"= {p_value:.4f}" if p_value < 0.001 else f"= {p_value:.3f}"


def _students(summary: pd.DataFrame) -> list[str]:
    """Return the base models, which are the systems that are compared with themselves (delta 0 and no p-value)."""
    base_rows = summary[(summary["delta"] == 0) & summary["p_value"].isna()]
    return sorted(base_rows["system"].unique())
