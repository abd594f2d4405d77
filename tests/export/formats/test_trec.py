"""Runs and judgements for trec_eval: pytrec_eval and ir_measures read them."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
import pytrec_eval

import tiny_export
from listill import tables
from listill.errors import UserError
from listill.export.formats import trec


def written(folder: Path) -> Path:
    out = folder / "trec"
    out.mkdir()
    trec.write(tiny_export.corpus(folder), out)
    return out


def test_pytrec_eval_reads_the_files(tmp_path: Path) -> None:
    out = written(tmp_path)
    names = {path.name for path in out.iterdir()}
    assert {"qrels.dev.txt", "qrels.heldout.txt", "qrels.test.txt", "topics.test.tsv", "runs"} <= names
    with open(out / "qrels.test.txt") as qrels, open(out / "runs" / "small.trec") as run:
        judged, ranked = pytrec_eval.parse_qrel(qrels), pytrec_eval.parse_run(run)
    assert judged == {"t3": {"d3": 1, "d1": 0}}
    assert ranked == {"t3": {"d3": 0.5, "d1": 0.25}, "s1": {"d3": 0.75}}
    values = pytrec_eval.RelevanceEvaluator(judged, {"recip_rank"}).evaluate(ranked)
    assert values["t3"]["recip_rank"] == 1.0


def test_topics_without_relevant_documents_are_left_out(tmp_path: Path) -> None:
    """The report does not measure them; with `trec_eval -c` they would count as 0."""
    material = tiny_export.corpus(tmp_path)
    evaluated = material.evaluated
    extra = {"query_id": "t9", "split": "test"}
    queries = pd.concat([evaluated.queries, pd.DataFrame([extra | {"text": "no answer", "type": "human"}])])
    qrels = pd.concat([evaluated.qrels, pd.DataFrame([extra | {"doc_id": "d1", "relevance": 0}])])
    more = dataclasses.replace(evaluated, queries=queries, qrels=qrels)
    (tmp_path / "trec").mkdir()
    trec.write(dataclasses.replace(material, evaluated=more), tmp_path / "trec")
    for name in ("qrels.test.txt", "topics.test.tsv"):
        assert "t3" in (tmp_path / "trec" / name).read_text()
        assert "t9" not in (tmp_path / "trec" / name).read_text()


def test_the_queries_have_one_line_each(tmp_path: Path) -> None:
    assert (written(tmp_path) / "topics.dev.tsv").read_text() == "t2\tdev ash\n"
    assert (tmp_path / "trec" / "topics.heldout.tsv").read_text() == "s1\tcomes\n"


def test_ir_measures_reads_the_files(tmp_path: Path) -> None:
    measures = pytest.importorskip("ir_measures", reason="ir_measures is not installed")
    out = written(tmp_path)
    qrels, run = measures.read_trec_qrels, measures.read_trec_run
    assert (
        measures.calc_aggregate(
            [measures.nDCG @ 10], qrels(str(out / "qrels.heldout.txt")), run(str(out / "runs" / "small.trec"))
        )[measures.nDCG @ 10]
        == 1.0
    )


def test_names_with_blanks_are_refused(tmp_path: Path) -> None:
    material = tiny_export.corpus(tmp_path)
    rows = pd.DataFrame({"query_id": ["t3"], "doc_id": ["a b"], "rank": [1], "score": [1.0]})
    tables.write(tmp_path / "odd.parquet", "runs", rows, tables.Provenance("runs/odd", "f"))
    with pytest.raises(
        UserError, match=r"export/corpus/trec: the name of document 'a b' .* or leave trec out of export"
    ):
        trec.write(dataclasses.replace(material, runs={"odd": tmp_path / "odd.parquet"}), tmp_path)
