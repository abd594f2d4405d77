"""The report page: results, funnel, training, examples and costs in one self-contained HTML file."""

from typing import Any

import numpy as np
import yaml

from listill.measure_names import SELECTION
from listill.report import costs, funnel, plots
from listill.report.examples import WinsAndLosses, wins_and_losses
from listill.report.material import History, Material
from listill.report.results import Cell, Results, p_text
from listill.report.retention import retained, warning
from listill.report.templates import template
from listill.report.verdict import verdicts
from listill.system_names import without_seed


def render(material: Material, examples: int, max_loss: float = 0.0) -> str:
    """Return the page; it shows up to ``examples`` improved and as many degraded queries per student.

    ``max_loss`` is the loss on other corpora that is accepted.
    """
    results = Results(material.summary, material.comparisons)
    main_cells = [results.cell(system, results.trusted, results.main) for system in results.systems]
    interval_ends = [abs(end) for cell in main_cells if cell for end in (cell.low, cell.high) if not np.isnan(end)]
    elsewhere = retained(material.retention, max_loss)
    return template("report.html.j2").render(
        title=material.title,
        results=results,
        verdicts=verdicts(results),
        human=material.evaluated.human,
        dev_queries=material.evaluated.composition("dev"),
        splits=sorted(results.splits, key=["test", "dev", "heldout"].index),
        axis_limit=max([*interval_ends, 1e-9]),
        by_type=_by_type(material, results),
        pairs=_pairs(material, results),
        truncated=material.truncated,
        retained=elsewhere,
        max_loss=max_loss,
        lost=lambda system: warning(elsewhere, system),
        students=[_student(material, results, student, examples) for student in results.students],
        costs=material.costs,
        config=yaml.safe_dump(material.config, sort_keys=False, allow_unicode=True),
        versions=material.versions,
        fingerprints=material.fingerprints,
        interval=plots.interval,
        clock=costs.clock,
        p_text=p_text,
    )


def _by_type(material: Material, results: Results) -> dict[str, Any]:
    """Return the main measure of each system by type of held-out query: {types: {type: number of queries}, rows}."""
    values = material.per_query
    values = values[(values["split"] == "heldout") & (values["measure"] == results.main)]
    values = values.merge(material.evaluated.queries[["query_id", "type"]], on="query_id")
    values = values.assign(system=values["system"].map(without_seed))
    counts = values.groupby("type")["query_id"].nunique()
    means = values.groupby(["system", "type"])["value"].mean()
    rows = {
        system: [float(means[system, query_type]) for query_type in counts.index]
        for system in results.systems
        if system in means.index.get_level_values(0)
    }
    return {"types": {str(query_type): int(count) for query_type, count in counts.items()}, "rows": rows}


def _pairs(material: Material, results: Results) -> list[tuple[str, str, Cell]]:
    """Return the comparisons besides those with the base, on the most trusted split and the main measure."""
    if material.comparisons is None:
        return []
    table = material.comparisons
    table = table[(table["split"] == results.trusted) & (table["measure"] == results.main)]
    pairs = zip(table["system"], table["against"], strict=True)
    return [(*pair, cell) for pair in pairs if (cell := results.pair(*pair, results.trusted, results.main))]


def _student(material: Material, results: Results, student: str, examples: int) -> dict[str, Any]:
    """Return the data of one student for the template."""
    histories = [history for history in material.histories if history.student == student]
    rows = material.funnels.get(student)
    verdict = next((verdict for verdict in verdicts(results) if verdict.student == student), None)
    variant = verdict.variant if verdict else None
    comparison = _wins_and_losses(material, results, student, variant, examples) if variant else None
    teacher = results.cell("teacher", results.trusted, results.main)
    gap_closed = None
    if verdict and verdict.cell and teacher and teacher.value > verdict.cell.base:
        gap_closed = verdict.cell.delta / (teacher.value - verdict.cell.base)
    return {
        "name": student,
        "verdict": verdict,
        "gap_closed": gap_closed,
        "teacher": teacher,
        "steps": [] if rows is None else funnel.steps(rows, _trained(histories)),
        "held_out": {} if rows is None else funnel.held_out(rows),
        "curves": _curves(histories),
        "comparison": comparison,
        "waterfall": plots.waterfall(comparison.differences, f"difference per query, {variant}") if comparison else "",
    }


def _trained(histories: list[History]) -> dict[str, dict[str, int]]:
    """Return the training lists of each variant; a joint student that was not trained on this corpus has none."""
    return {history.variant: history.trained for history in histories if history.seed == 1 and history.trained}


def _wins_and_losses(
    material: Material, results: Results, student: str, variant: str, examples: int
) -> WinsAndLosses | None:
    values = material.per_query
    values = values[(values["split"] == results.trusted) & (values["measure"] == results.main)]
    table = values.pivot(index="query_id", columns="system", values="value")
    if not {student, variant} <= set(table.columns) & set(material.runs):
        return None
    table = table[[student, variant]].set_axis(["before", "after"], axis=1).reset_index()
    documents = material.corpus
    titles = documents["title"].fillna("").where(documents["title"].fillna("") != "", documents["text"].str[:80])
    return wins_and_losses(
        table,
        (material.runs[student], material.runs[variant]),
        material.evaluated.queries,
        material.evaluated.qrels,
        dict(zip(documents["doc_id"], titles, strict=True)),
        examples,
    )


def _curves(histories: list[History]) -> list[dict[str, Any]]:
    """Return the plots of each variant; all dev plots of a student have the same y range."""
    dev_tables = [history.table[history.table["split"] == "dev"] for history in histories]
    values = [value for table in dev_tables for value in table[SELECTION]]
    span = (min(values), max(values)) if values else None
    curves = []
    for history, dev in zip(histories, dev_tables, strict=True):
        train = history.table[history.table["split"] == "train"]
        curve: dict[str, Any] = {
            "variant": history.variant,
            "lists": sum(history.trained.values()),
            "temperature": history.temperature,
            "plots": {},
        }
        if len(dev):
            order = dev.assign(kept=dev["step"] == history.kept).sort_values(
                ["kept", SELECTION, "step"], ascending=[False, False, True]
            )
            best = order.iloc[0]
            base = dev.loc[dev["step"] == 0, SELECTION]
            curve["kept"] = int(best["step"])
            curve["plots"][f"{SELECTION} on dev queries"] = plots.chart(
                [plots.Line(dev["step"].to_numpy(float), dev[SELECTION].to_numpy(float))],
                f"{SELECTION} on dev queries, {history.variant}",
                base=float(base.iloc[0]) if len(base) else None,
                best=(float(best["step"]), float(best[SELECTION])),
                span=span,
            )
        for column, name in (("loss", "training loss"), ("lr", "learning rate")):
            points = train.dropna(subset=[column])
            if len(points):
                line = plots.Line(points["step"].to_numpy(float), points[column].to_numpy(float))
                curve["plots"][name] = plots.chart([line], f"{name}, {history.variant}")
        curves.append(curve)
    return curves
