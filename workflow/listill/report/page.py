"""The report page: results, charts, examples, costs and settings in one self-contained HTML file."""

from typing import Any

import numpy as np
import yaml

from listill.report import contamination, costs, distributions, funnel, gains, mteb, plots
from listill.report.cell import Cell
from listill.report.curves import curves
from listill.report.examples import WinsAndLosses, wins_and_losses
from listill.report.learning_curve import learning_curves
from listill.report.material import History, Material
from listill.report.results import Results
from listill.report.retention import retained, warning
from listill.report.templates import template
from listill.report.verdict import Verdict, verdicts
from listill.system_names import FUSED, seed_number, size_of, student_of, without_seed

CONFIDENCE = 0.95  # of the intervals in charts, if the level of the others is not known


def render(material: Material, examples: int, max_loss: float = 0.0) -> str:
    """Return the page; it shows up to ``examples`` improved and as many degraded queries per student.

    ``max_loss`` is the loss on other corpora that is accepted.
    """
    results = material.results
    concluded = verdicts(results)
    overlaps = _overlaps(material)
    main_cells = [results.cell(system, results.trusted, results.main) for system in results.systems]
    interval_ends = [abs(end) for cell in main_cells if cell for end in (cell.low, cell.high) if not np.isnan(end)]
    elsewhere = retained(material.retention, max_loss)
    return template("report.html.j2").render(
        title=material.title,
        results=results,
        verdicts=concluded,
        human=material.evaluated.human,
        dev_queries=material.evaluated.composition("dev"),
        splits=sorted(results.splits, key=["test", "dev", "heldout"].index),
        axis_limit=max([*interval_ends, 1e-9]),
        by_type=_by_type(material, results),
        pairs=results.pairs_on(results.trusted, results.main),
        documents=len(material.corpus),
        duplicates=int(material.corpus["duplicate_of"].notna().sum()) if "duplicate_of" in material.corpus else 0,
        truncated=material.truncated,
        recall=material.recall,
        retained=elsewhere,
        mteb=mteb.tasks(material.mteb),
        learning_curves=learning_curves(
            material.learning_curves,
            material.per_query,
            material.evaluated,
            {f"{one.student}.{one.variant}": sum(one.trained.values()) for one in material.histories},
            results.trusted,
            results.main,
            results.confidence or CONFIDENCE,
            int(material.config.get("seed", 0)),
        ),
        max_loss=max_loss,
        lost=lambda system: warning(elsewhere, system),
        students=[
            _student(material, student, _of(concluded, student), examples, overlaps) for student in results.students
        ],
        teachers=_teachers(material),
        overlaps=overlaps,
        joint=sorted(material.config.get("joint", {})),
        models=contamination.models(material.config, material.title),
        costs=material.costs,
        origin=material.origin,
        template_of_corpus=material.config.get("corpora", {}).get(material.title, {}).get("template", ""),
        config=yaml.safe_dump(material.config, sort_keys=False, allow_unicode=True),
        versions=material.versions,
        fingerprints=material.fingerprints,
        interval=plots.interval,
        scale=plots.scale,
        clock=costs.clock,
    )


def _of(concluded: list[Verdict], student: str) -> Verdict | None:
    return next((verdict for verdict in concluded if verdict.student == student), None)


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


def _student(
    material: Material, student: str, verdict: Verdict | None, examples: int, overlaps: list[contamination.Overlap]
) -> dict[str, Any]:
    """Return the data of one student for the template."""
    histories = [history for history in material.histories if history.student == student]
    rows = material.funnels.get(student)
    variant = verdict.variant if verdict else None
    comparison = _wins_and_losses(material, student, variant, examples) if variant else None
    of_variant = next((one for one in histories if f"{student}.{one.variant}" == variant), None)
    data: dict[str, Any] = {
        "name": student,
        "verdict": verdict,
        "folder": of_variant.folder if of_variant else "",
        "check": material.checks.get(variant or ""),
        "keeps_documents": of_variant is not None and of_variant.tower == "query",
        "steps": [] if rows is None else funnel.steps(rows, _trained(histories)),
        "held_out": {} if rows is None else funnel.held_out(rows),
        "curves": curves(histories),
        "against": _against(material.results, student, variant) if variant else [],
        "comparison": comparison,
        "gains": _gains(material, student, variant) if variant and comparison else {},
        "scores": _scores(material, student, variant) if variant and comparison else [],
        "waterfall": "",
        "clean": _clean(material, student, variant, overlaps) if variant and comparison else {},
    }
    if comparison and len(comparison.differences):
        won, tied, lost = comparison.score
        label = f"difference per query, {variant}: {won} improved, {tied} unchanged, {lost} degraded"
        data["waterfall"] = plots.waterfall(comparison.differences, label)
    return data


def _trained(histories: list[History]) -> dict[str, dict[str, int]]:
    """Return the training lists of each variant; a joint student that was not trained on this corpus has none."""
    return {history.variant: history.trained for history in histories if history.seed == 1 and history.trained}


def _against(results: Results, student: str, variant: str) -> list[tuple[str, str, Cell]]:
    """Return what a user would compare a variant with: the base model, BM25, and both of them fused."""
    pairs = [(variant, student), (variant, "bm25"), (variant, student + FUSED), (variant + FUSED, student + FUSED)]
    cells = [
        results.cell(system, results.trusted, results.main)
        if against == student
        else results.pair(system, against, results.trusted, results.main)
        for system, against in pairs
    ]
    return [(*pair, cell) for pair, cell in zip(pairs, cells, strict=True) if cell]


def _wins_and_losses(material: Material, student: str, variant: str, examples: int) -> WinsAndLosses | None:
    results = material.results
    table = _values(material, results.trusted).pivot(index="query_id", columns="system", values="value")
    if not {student, variant} <= set(table.columns) & set(material.runs):
        return None
    shown = [
        system
        for system in sorted(material.runs, key=results.order)
        if seed_number(system) == 1
        and size_of(system) is None
        and student_of(system, results.students) in (student, None)
    ]
    evaluated, pair = material.evaluated, (student, variant)
    return wins_and_losses(
        table, pair, shown, material.runs, evaluated.queries, evaluated.qrels, material.corpus, examples
    )


def _values(material: Material, split: str) -> Any:
    values = material.per_query
    return values[(values["split"] == split) & (values["measure"] == material.results.main)]


def _gains(material: Material, student: str, variant: str) -> dict[str, list[gains.Gain]]:
    """Return the gains on groups of queries by the title of their table; only groupings with several groups."""
    results = material.results
    level, seed = results.confidence or CONFIDENCE, int(material.config.get("seed", 0))
    found = {}
    for split in dict.fromkeys([results.trusted, *(name for name in results.splits if name == "heldout")]):
        values = _values(material, split)
        if {student, variant} <= set(values["system"]):
            found[f"by query type, {split}"] = gains.by_type(values, material.evaluated, student, variant, level, seed)
    values = _values(material, results.trusted)
    found[f"by query length, {results.trusted}"] = gains.by_length(
        values, material.evaluated, student, variant, level, seed
    )
    return {title: rows for title, rows in found.items() if rows}


def _scores(material: Material, student: str, variant: str) -> list[tuple[str, Any, Any]]:
    """Return title, plot and histogram of the scores before and after training, on the most trusted split."""
    queries = material.evaluated.judged
    ids = set(queries.loc[queries["split"] == material.results.trusted, "query_id"])
    runs = material.runs[student], material.runs[variant]
    found = distributions.students(runs, material.evaluated.qrels, ids)
    titles = [f"{student}, before training", f"{variant}, after training"]
    return [
        (title, plots.distribution(one, f"scores of {title}: {_means(one)}"), one)
        for title, one in zip(titles, found, strict=False)
    ]


def _teachers(material: Material) -> list[tuple[str, Any, Any]]:
    """Return name, plot and histogram of each teacher's scores."""
    return [
        (name, plots.distribution(one, f"scores of the teacher {name}: {_means(one)}"), one)
        for name, one in material.teachers.items()
    ]


def _means(histogram: distributions.Histogram) -> str:
    return ", ".join(f"mean of {name} {mean:.3g}" for name, mean in histogram.means.items())


def _overlaps(material: Material) -> list[contamination.Overlap]:
    found = [contamination.overlap(material.training, material.evaluated, split) for split in ("test", "dev")]
    return [one for one in found if one]


def _clean(material: Material, student: str, variant: str, overlaps: list[contamination.Overlap]) -> dict[str, Cell]:
    """Return the comparison on the topics of each split that have nothing in common with the training queries.

    A joint training has none: what it has in common with the training queries of other corpora is not known here.
    """
    if without_seed(variant).removeprefix(f"{student}.") in material.config.get("joint", {}):
        return {}
    level, seed = material.results.confidence or CONFIDENCE, int(material.config.get("seed", 0))
    found = {}
    for one in overlaps:
        values = _values(material, one.split)
        values = values[values["query_id"].isin(one.clean)]
        if 0 < len(one.clean) < one.topics and {student, variant} <= set(values["system"]):
            found[one.split] = gains.difference(values, material.evaluated, student, variant, level, seed)
    return found
