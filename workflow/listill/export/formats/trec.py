"""Runs and judgements as trec_eval reads them: runs/<system>.trec, qrels.<split>.txt, and the queries in topics.<split>.tsv.

The columns of qrels are query_id, 0, doc_id, relevance (https://github.com/usnistgov/trec_eval). From these files, any tool
computes the measures of the report (trec_eval, pytrec_eval, ir_measures, ranx), but for dev queries, which the report weighs.
"""

from collections.abc import Iterable
from pathlib import Path

from listill import tables
from listill.errors import UserError
from listill.evaluation.trec import qrels_lines, trec_lines
from listill.export.measured_corpus import MeasuredCorpus

OF = "corpus"
LOAD = """`trec_eval -c -m ndcg_cut.10 trec/qrels.test.txt trec/runs/<system>.trec`, or ir_measures or ranx

A run has the queries of all splits; one for which a system finds nothing counts as 0 (`-c`). The report weighs the dev
queries (`min_dev_topics`), so that their means differ."""
REMEDY = "leave trec out of export.formats"


def write(material: MeasuredCorpus, folder: Path) -> None:
    """Write the judgements and queries of each split, and the run of each system."""
    try:
        # Topics without relevant documents are not measured; trec_eval -c would count them as 0.
        measured = material.evaluated.judged["query_id"]
        judgements, queries = (
            table[table["query_id"].isin(measured)] for table in (material.evaluated.qrels, material.evaluated.queries)
        )
        for split, of_split in judgements.groupby("split"):
            _lines(folder / f"qrels.{split}.txt", qrels_lines(of_split, REMEDY))
        for split, of_split in queries.groupby("split"):
            rows = zip(of_split["query_id"], of_split["text"], strict=True)
            _lines(
                folder / f"topics.{split}.tsv", (f"{query_id}\t{' '.join(text.split())}\n" for query_id, text in rows)
            )
        (folder / "runs").mkdir()
        for system, path in material.runs.items():
            _lines(folder / "runs" / f"{system}.trec", trec_lines(tables.read(path, "runs"), system, REMEDY))
    except UserError as error:
        raise UserError(f"export/corpus/trec: {error}") from None


def _lines(path: Path, lines: Iterable[str]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
