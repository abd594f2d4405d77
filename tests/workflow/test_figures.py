"""Every figure of the report's table, computed outside the package from the exported TREC runs and the judgements."""

import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import flow
import ir_measures
import pandas as pd
import pytest
import pytrec_eval
from trec_files import Qrels, Run, judgements, read_run

MEASURES = ["nDCG@10", "R@100", "RR@10"]


def by_trec_eval(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """Return {measure: {query: value}} of pytrec_eval; RR@10 is the reciprocal rank of a run of ten documents."""
    top = {q: dict(sorted(found.items(), key=lambda item: -item[1])[:10]) for q, found in run.items()}
    whole = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "recall.100"}).evaluate(run)
    first = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(top)
    return {
        "nDCG@10": {q: values["ndcg_cut_10"] for q, values in whole.items()},
        "R@100": {q: values["recall_100"] for q, values in whole.items()},
        "RR@10": {q: values["recip_rank"] for q, values in first.items()},
    }


def by_ir_measures(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """Return {measure: {query: value}} of ir_measures."""
    found: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    for metric in ir_measures.iter_calc([ir_measures.parse_measure(name) for name in MEASURES], qrels, run):
        found[str(metric.measure)][metric.query_id] = metric.value
    return found


def by_hand(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """Return {measure: {query: value}} by the formulas."""
    found: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    for query, gains in qrels.items():
        ranking = [doc for doc, _ in sorted(run.get(query, {}).items(), key=lambda item: -item[1])]
        dcg = sum(gains.get(doc, 0) / math.log2(rank + 1) for rank, doc in enumerate(ranking[:10], 1))
        ideal = sum(
            gain / math.log2(rank + 1) for rank, gain in enumerate(sorted(gains.values(), reverse=True)[:10], 1)
        )
        relevant = {doc for doc, gain in gains.items() if gain > 0}
        found["nDCG@10"][query] = dcg / ideal
        found["R@100"][query] = len(relevant & set(ranking[:100])) / len(relevant)
        ranks = [rank for rank, doc in enumerate(ranking[:10], 1) if doc in relevant]
        found["RR@10"][query] = 1 / ranks[0] if ranks else 0.0
    return found


class Tables(HTMLParser):
    """Collects the cells of all rows of all tables of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def exported(finished: Path, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a copy of the finished run, with its runs in TREC format."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("figures") / "run"))
    targets = [f"results/{flow.CORPUS}/runs/{path.stem}.trec" for path in flow.results(folder).glob("runs/*.parquet")]
    flow.make(folder, settings, *targets)
    return flow.results(folder)


@pytest.mark.parametrize("outside", [by_trec_eval, by_ir_measures, by_hand])
def test_every_value_of_every_query(
    exported: Path, outside: Callable[[Run, Qrels], dict[str, dict[str, float]]]
) -> None:
    values = pd.read_parquet(exported / "per_query.parquet")
    compared = 0
    for split, qrels in judgements(exported).items():
        for path in exported.glob("runs/*.trec"):
            found = outside(read_run(path), qrels)
            mine = values[(values["split"] == split) & (values["system"] == path.stem)]
            assert set(mine["query_id"]) == set(qrels)
            for row in mine.itertuples():
                assert row.value == pytest.approx(found[row.measure].get(row.query_id, 0.0), abs=1e-6), (path.stem, row)
                compared += 1
    assert compared > 500


def means(exported: Path) -> Iterator[tuple[str, str, str, float]]:
    """Yield split, system, measure and mean of pytrec_eval."""
    for split, qrels in judgements(exported).items():
        for path in exported.glob("runs/*.trec"):
            for measure, of_query in by_trec_eval(read_run(path), qrels).items():
                yield split, path.stem, measure, sum(of_query.values()) / len(qrels)


def test_every_mean_of_the_summary_and_the_page(exported: Path) -> None:
    outside = {(system, split, measure): value for split, system, measure, value in means(exported)}
    summary = pd.read_parquet(exported / "summary.parquet").query("split != 'dev'")
    for row in summary.itertuples():
        assert row.value == pytest.approx(outside[row.system, row.split, row.measure], abs=1e-6)
        assert row.base == pytest.approx(outside[flow.STUDENT, row.split, row.measure], abs=1e-6)
        assert row.delta == pytest.approx(row.value - row.base, abs=1e-9)
    table = Tables((exported / "report.html").read_text()).tables[0]
    head, *lines = [[" ".join(cell.split()) for cell in row] for row in table]
    assert head[:4] == ["system", *MEASURES]
    assert len(lines) == summary["system"].nunique()
    for system, *cells in lines:
        check_line(system.split()[0], cells, outside)


def check_line(system: str, cells: list[str], outside: Mapping[tuple[str, str, str], float]) -> None:
    """Compare a line of the page's table on the test topics with the values from outside."""
    for measure, cell in zip(MEASURES, cells, strict=False):
        if not cell:  # the teacher has no R@100
            assert (system, measure) == ("teacher", "R@100")
            continue
        value, *difference = cell.split()
        expected = outside[system, "test", measure]
        assert float(value) == pytest.approx(expected, abs=0.00051)
        for one in difference:
            assert float(one.rstrip("*")) == pytest.approx(
                expected - outside[flow.STUDENT, "test", measure], abs=0.00051
            )
    if system != flow.STUDENT:
        delta = outside[system, "test", "nDCG@10"] - outside[flow.STUDENT, "test", "nDCG@10"]
        assert cells[3] == flow.STUDENT
        assert float(cells[4].rstrip("*")) == pytest.approx(delta, abs=0.00051)


DATA = [Path(os.environ.get("LISTILL_DATA", "")), Path(__file__).parents[3] / "shared" / "data"]
SCIFACT = next((folder / "scifact" for folder in DATA if (folder / "scifact" / "corpus.jsonl").exists()), None)


@pytest.mark.skipif(SCIFACT is None, reason="SciFact is not there: set LISTILL_DATA to the folder that holds it")
def test_bm25_on_scifact(tmp_path: Path, tiny_model: Path) -> None:
    """A corpus of real size: the values of the package for BM25 are those of three other programs."""
    from listill.evaluation.measures import per_query

    settings = flow.config(SCIFACT or Path(), tiny_model)
    flow.make(tmp_path, settings, f"results/{flow.CORPUS}/runs/bm25.trec")
    folder = flow.results(tmp_path)
    qrels = pd.read_parquet(folder / "qrels.parquet").query("split == 'test'")
    mine = per_query(pd.read_parquet(folder / "runs/bm25.parquet"), qrels, MEASURES)
    assert len(mine) == 300 * len(MEASURES)
    for outside in (by_trec_eval, by_ir_measures, by_hand):
        found = outside(read_run(folder / "runs/bm25.trec"), judgements(folder)["test"])
        for row in mine.itertuples():
            assert row.value == pytest.approx(found[row.measure].get(row.query_id, 0.0), abs=1e-6), (outside, row)
