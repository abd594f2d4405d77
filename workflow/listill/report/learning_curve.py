"""What more queries have brought: each variant on shares of its lists, and on all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from listill.evaluation.significance import Comparison, compare
from listill.evaluation.topics import EvaluationQueries
from listill.report import plots
from listill.report.cell import SIGNIFICANT, p_text, signed
from listill.report.gains import RESAMPLES
from listill.system_names import seed_number, without_seed


@dataclass(frozen=True)
class Point:
    """The difference from the base model after a training on a number of lists; ``share`` is that of all lists."""

    share: float
    lists: int
    change: Comparison


@dataclass(frozen=True)
class LearningCurve:
    """The points of a variant by their number of lists, and what the last step up to all lists has brought."""

    system: str
    points: list[Point]
    last: Comparison
    plot: Markup

    @property
    def conclusion(self) -> str:
        """What the last step says about more queries, in one sentence."""
        before, after = self.points[-2:]
        grown = f"from {before.lists:,} to {after.lists:,} lists"
        last = self.last
        found = f"{signed(last.delta)} ({signed(last.low)} to {signed(last.high)}, p {p_text(last.p_value)})"
        shown = last.p_value < SIGNIFICANT and not last.low <= 0 <= last.high
        if shown and last.delta > 0:
            return f"More queries would probably help: {grown}, {self.system} gained {found}."
        if shown:
            return f"More queries have not helped: {grown}, {self.system} lost: {found}."
        return f"It is not shown that more queries would help: {grown}, the difference of {self.system} is {found}."


def learning_curves(
    tables: Iterable[pd.DataFrame],
    per_query: pd.DataFrame,
    evaluated: EvaluationQueries,
    lists: dict[str, int],
    split: str,
    measure: str,
    confidence: float,
    seed: int,
) -> list[LearningCurve]:
    """Return the learning curve of each variant on one split and measure.

    ``tables``: the tables ``learning_curve`` of each variant, seed and share. ``per_query``: the values after trainings on
    all lists, and of the base models. ``lists``: the number of all lists of each system, without seeds. ``confidence``
    is the level of the intervals, and ``seed`` draws them.
    """
    rows = pd.concat([*tables, pd.DataFrame(columns=["system", "split", "measure"])])
    rows = rows[(rows["split"] == split) & (rows["measure"] == measure)]
    whole = per_query[(per_query["split"] == split) & (per_query["measure"] == measure)]
    by_system = whole.pivot(index="query_id", columns="system", values="value")
    sample = evaluated.sample(by_system.index.tolist())
    curves = []
    for system, own in rows.groupby(rows["system"].map(without_seed)):
        seeds = sorted(own["system"].unique(), key=seed_number)
        base = by_system[[str(system).partition(".")[0]]].to_numpy()
        shares = sorted(own["share"].unique())
        values = [_by_seed(own[own["share"] == share], seeds, by_system.index) for share in shares]
        values.append(by_system[seeds].to_numpy())
        counts = [int(own.loc[own["share"] == share, "lists"].max()) for share in shares] + [lists[str(system)]]
        differences = [value - base for value in values] + [values[-1] - values[-2]]
        *changes, last = compare(differences, sample, RESAMPLES, confidence, seed)
        points = [Point(*one) for one in zip([*map(float, shares), 1.0], counts, changes, strict=True)]
        curves.append(LearningCurve(str(system), points, last, _plot(str(system), points, measure)))
    return curves


def _by_seed(rows: pd.DataFrame, seeds: list[str], query_ids: pd.Index) -> np.ndarray:
    """Return the values [queries, seeds] of one share."""
    return rows.pivot(index="query_id", columns="system", values="value").loc[query_ids, seeds].to_numpy(np.float64)


def _plot(system: str, points: list[Point], measure: str) -> Markup:
    x = np.array([point.lists for point in points], dtype=np.float64)
    label = f"difference in {measure} from the base model by number of lists, {system}: " + ", ".join(
        f"{signed(point.change.delta)} with {point.lists:,}" for point in points
    )
    ends = [
        plots.Line(x, np.array([getattr(point.change, end) for point in points]), "faint") for end in ("low", "high")
    ]
    return plots.chart([*ends, plots.Line(x, np.array([point.change.delta for point in points]))], label, base=0.0)
