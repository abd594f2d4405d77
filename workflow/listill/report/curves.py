"""The training curves of a student's variants."""

from dataclasses import dataclass, field

from markupsafe import Markup

from listill.measure_names import SELECTION
from listill.report import plots
from listill.report.material import History


@dataclass(frozen=True)
class Curves:
    """The plots of one training by their titles, the number of its lists, and the step that was kept (None: no dev)."""

    variant: str
    lists: int
    temperature: float | None
    kept: int | None = None
    plots: dict[str, Markup] = field(default_factory=dict)


def curves(histories: list[History]) -> list[Curves]:
    """Return the plots of each training; all dev plots of a student have the same y range."""
    dev_tables = [history.table[history.table["split"] == "dev"] for history in histories]
    values = [value for table in dev_tables for value in table[SELECTION]]
    span = (min(values), max(values)) if values else None
    return [_of_training(history, span) for history in histories]


def _of_training(history: History, span: tuple[float, float] | None) -> Curves:
    dev = history.table[history.table["split"] == "dev"]
    train = history.table[history.table["split"] == "train"]
    kept, drawn = None, {}
    if len(dev):
        order = dev.assign(kept=dev["step"] == history.kept).sort_values(
            ["kept", SELECTION, "step"], ascending=[False, False, True]
        )
        best = order.iloc[0]
        base = dev.loc[dev["step"] == 0, SELECTION]
        kept = int(best["step"])
        told = f"{SELECTION} on dev queries, {history.variant}: {float(best[SELECTION]):.3f} at the kept step {kept}"
        drawn[f"{SELECTION} on dev queries"] = plots.chart(
            [plots.Line(dev["step"].to_numpy(float), dev[SELECTION].to_numpy(float))],
            told + (f", {float(base.iloc[0]):.3f} at the start" if len(base) else ""),
            base=float(base.iloc[0]) if len(base) else None,
            best=(float(best["step"]), float(best[SELECTION])),
            span=span,
        )
    for column, name in (("loss", "training loss"), ("lr", "learning rate")):
        points = train.dropna(subset=[column])
        if len(points):
            x, y = points["step"].to_numpy(float), points[column].to_numpy(float)
            told = f"{name}, {history.variant}: {y[0]:.3g} in step {x[0]:.0f}, {y[-1]:.3g} in step {x[-1]:.0f}"
            drawn[name] = plots.chart([plots.Line(x, y)], told)
    return Curves(history.variant, sum(history.trained.values()), history.temperature, kept, drawn)
