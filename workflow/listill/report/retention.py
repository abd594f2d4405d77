"""What trained students lose on corpora that they are not trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from listill.report.cell import Cell
from listill.report.results import Results

REMEDY = (
    "To lose less, train a variant with `selection: {merge: use, retention: {corpora: [...]}}`, with `lora: {rank: 16}`, "
    "with the loss `anchor`, or with a lower learning_rate (docs/recipes.md)."
)


@dataclass(frozen=True)
class Retained:
    """One system on another corpus: its result there, the queries, and whether it lost more than is accepted.

    ``state`` is ``lost`` if the loss is larger than accepted and significant, ``retained`` if the whole interval is above
    the accepted loss, and else ``undecided``: the queries are too few to tell.
    """

    corpus: str
    system: str
    measure: str
    queries: str
    cell: Cell
    state: Literal["lost", "undecided", "retained"]


def retained(others: Mapping[str, Results], max_loss: float) -> list[Retained]:
    """Return the trained systems on each other corpus, from the results on its queries.

    Parameters
    ----------
    others: the results on each other corpus, of the base models and the systems trained from them
    max_loss: accepted loss of the main measure
    """
    rows = []
    for corpus, results in others.items():
        for system in results.systems:
            cell = results.cell(system, results.trusted, results.main)
            if results.owner(system) is None or cell is None:
                continue
            lost = cell.delta < -max_loss and cell.significant
            state = "lost" if lost else "retained" if cell.low >= -max_loss else "undecided"
            rows.append(Retained(corpus, system, results.main, results.described(results.trusted), cell, state))  # type: ignore[arg-type]
    return rows


def warning(rows: list[Retained], system: str) -> str:
    """Return what a system has lost on other corpora, in one sentence with its remedy; empty if that is not shown."""
    losses = [
        f"{-row.cell.delta:.3f} {row.measure} on {row.corpus} ({row.cell.base:.3f} -> {row.cell.value:.3f})"
        for row in rows
        if row.system == system and row.state == "lost"
    ]
    return f"{system} has lost {', '.join(losses)}. {REMEDY}" if losses else ""
