"""Interpretation of a summary table: which split to trust, which variant to choose, and whether training helped."""

import dataclasses
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.errors import UserError
from listill.evaluation.summary import base_of
from listill.measure_names import SELECTION
from listill.report.cell import Cell
from listill.system_names import FUSED, is_variant, plain_system, student_of, trained_system, without_seed

SPLITS = ("test", "heldout", "dev")  # the most trusted first; dev is used for model selection
NAMES = {"test": "test topics", "heldout": "held-out synthetic queries", "dev": "dev queries"}


class Results:
    """A summary table (at least one row), indexed by system, split and measure, and the table ``comparisons``.

    ``resamples`` and ``confidence`` (such as 0.95) are the settings of the tests, if they are known. ``joint`` has the
    systems of joint trainings, without seeds: each is the same model on all corpora.
    """

    def __init__(
        self,
        summary: pd.DataFrame,
        comparisons: pd.DataFrame | None = None,
        resamples: int | None = None,
        confidence: float | None = None,
        joint: Iterable[str] = (),
    ) -> None:
        self.confidence = confidence
        self._joint = frozenset(joint)
        against = summary["system"].map({s: base_of(s, _students(summary)) for s in summary["system"].unique()})
        least = _least(summary.assign(against=against), ["split", "measure", "against"], resamples)
        self._cells = _cells(summary.assign(least=least), ["system", "split", "measure"], ["value", "base"])
        self._pairs = {}
        if comparisons is not None:
            least = _least(comparisons, ["split", "measure", "student"], resamples)
            key = ["system", "against", "split", "measure"]
            self._pairs = _cells(comparisons.assign(least=least), key, ["value", "against_value"])
        self._queries = dict(zip(summary["split"], summary["queries"], strict=True))
        self.splits = [split for split in SPLITS if split in self._queries]
        self.measures = sorted(summary["measure"].unique(), key=lambda name: (name != SELECTION, name))
        self.students = _students(summary)
        self.systems = sorted(summary["system"].unique(), key=self.order)

    @classmethod
    def read(cls, summary: Path, comparisons: Path | None = None) -> "Results":
        """Read summary.parquet and, if it is given, comparisons.parquet, with the settings of their tests.

        Raises UserError if the summary has no rows.
        """
        about = tables.provenance(summary)
        settings = about.details.get("settings", {})
        figures = tables.read(summary, "summary")
        if figures.empty:
            raise UserError(f"{summary}: the table is empty: run the stage evaluate again")
        return cls(
            figures,
            None if comparisons is None else tables.read(comparisons, "comparisons"),
            settings.get("resamples"),
            settings.get("confidence"),
            {without_seed(trained_system(key)) for key in about.lineage if key.split("/")[-3:-2] == ["joint"]},
        )

    @property
    def interval_name(self) -> str:
        """What an interval is called: ``95 % interval``, or ``interval`` if its level is not known."""
        return f"{100 * self.confidence:g} % interval" if self.confidence else "interval"

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

    def pair(self, system: str, against: str, split: str, measure: str) -> Cell | None:
        """Return the comparison of two systems in either order; None if they were not compared."""
        if cell := self._pairs.get((system, against, split, measure)):
            return cell
        cell = self._pairs.get((against, system, split, measure))
        if cell is None:
            return None
        mirrored = {"value": cell.base, "base": cell.value, "delta": -cell.delta, "low": -cell.high, "high": -cell.low}
        return dataclasses.replace(cell, **mirrored)

    def pairs_on(self, split: str, measure: str) -> list[tuple[str, str, Cell]]:
        """Return the comparisons besides those with the base on one split: system, against, and the result."""
        return [(key[0], key[1], cell) for key, cell in self._pairs.items() if key[2:] == (split, measure)]

    def base(self, system: str) -> str | None:
        """Return the system that a system is compared with in the summary; None if it is compared with none."""
        against = base_of(system, self.students)
        return None if against == system else against

    def described(self, split: str) -> str:
        """Return the number of queries of a split, and that of their clusters if some belong together."""
        queries = self.queries(split)
        clusters = max((cell.clusters for key, cell in self._cells.items() if key[1] == split), default=np.nan)
        return f"{queries} {NAMES[split]}" + (f" in {clusters:.0f} clusters" if clusters < queries else "")

    def queries(self, split: str) -> int:
        """Return the number of queries of a split."""
        return int(self._queries[split])

    def owner(self, system: str) -> str | None:
        """Return the student that a variant was trained from; None for other systems."""
        student = student_of(system, self.students)
        return student if student is not None and is_variant(system, student) else None

    def is_joint(self, system: str) -> bool:
        """Tell whether a system searches with a model of a joint training: whole, cut, or fused with BM25."""
        return plain_system(system) in self._joint

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

    def order(self, system: str) -> tuple[int, str, int, str]:
        """Return a key that sorts BM25 first, then students with their fusions and variants, and the teacher last."""
        if system in ("bm25", "teacher"):
            return (0 if system == "bm25" else 3, "", 0, system)
        student = student_of(system, self.students)
        if student is None:
            return (2, "", 0, system)
        place = [student, student + FUSED].index(system) if system in (student, student + FUSED) else 2
        return (1, student, place + system.endswith(FUSED) * (place == 2), system)


def _cells(table: pd.DataFrame, key: list[str], means: list[str]) -> dict[tuple[str, ...], Cell]:
    """Return the rows of a table by the given columns."""
    names = [*means, "delta", "ci_low", "ci_high", "p_value", "clusters", "seeds", "seed_sd", "kept", "least"]
    unknown = {"seeds": 1, "clusters": table["queries"]}
    figures = table.reindex(columns=names).fillna(unknown).to_numpy(dtype=float, na_value=np.nan)
    keys = table[key].itertuples(index=False, name=None)
    return {row_key: Cell(*map(float, row)) for row_key, row in zip(keys, figures, strict=True)}


def _least(table: pd.DataFrame, family: list[str], resamples: int | None) -> pd.Series:
    """Return the smallest corrected p-value of each row's family of comparisons; nan if ``resamples`` is not known.

    A test with B resamples gives at least 1 / (B + 1), which Holm's correction multiplies by the number of comparisons.
    """
    if resamples is None:
        return pd.Series(np.nan, index=table.index)
    tested = Counter(map(tuple, table.loc[table["p_value"].notna(), family].to_numpy()))
    sizes = [tested[tuple(row)] for row in table[family].to_numpy()]
    return pd.Series(np.array(sizes) / (resamples + 1), index=table.index)


def _students(summary: pd.DataFrame) -> list[str]:
    """Return the base models, which are the systems that are compared with themselves (delta 0 and no p-value)."""
    base_rows = summary[(summary["delta"] == 0) & summary["p_value"].isna()]
    return sorted(base_rows["system"].unique())
