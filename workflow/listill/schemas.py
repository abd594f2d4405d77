"""The tables: which file holds which columns. The one definition, from which docs/tables.md is generated."""

from dataclasses import dataclass

import pyarrow as pa

from listill.measure_names import SELECTION

# The type of the human train topics among the queries.
HUMAN = "human"

STRING, INT, LONG, FLOAT, DOUBLE = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64()
STRINGS, FLOATS, INTS = pa.list_(STRING), pa.list_(FLOAT), pa.list_(INT)

# Columns that stand in several tables.
DOC_ID = (STRING, "id of a document")
QUERY_ID = (STRING, "id of a query")
RANK = (INT, "1 for the best document of a query")
MEASURE = (STRING, "name of the measure, such as `nDCG@10`")


@dataclass(frozen=True)
class Table:
    """One table: the files that hold it (below results/<corpus>/), what it is, and its columns: type and description."""

    files: str
    about: str
    columns: dict[str, tuple[pa.DataType, str]]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema."""
        return pa.schema([(name, kind) for name, (kind, _) in self.columns.items()])


TABLES = {
    "corpus": Table(
        "corpus.parquet",
        "The documents. The text template stands in the metadata.",
        {
            "doc_id": DOC_ID,
            "title": (STRING, "title, or null"),
            "text": (STRING, "text without the title"),
            "duplicate_of": (STRING, "null, or the doc_id of the first document with the same text"),
        },
    ),
    "heldout": Table(
        "heldout.parquet",
        "The passages that never train.",
        {"doc_id": DOC_ID, "split": (STRING, "`heldout`; or `dev`, where there are no dev topics")},
    ),
    "topics": Table(
        "topics.parquet",
        "The human queries.",
        {"query_id": QUERY_ID, "text": (STRING, "the query"), "split": (STRING, "`train`, `dev` or `test`")},
    ),
    "qrels": Table(
        "qrels.parquet",
        "The judgements of the human queries.",
        {
            "query_id": QUERY_ID,
            "doc_id": DOC_ID,
            "relevance": (INT, "relevant if above 0"),
            "split": (STRING, "the split of the query"),
        },
    ),
    "queries": Table(
        "queries.parquet, generated/<n>-of-<shards>.parquet",
        "The queries that train, and those that passages held out are evaluated with; human train topics have the type "
        "`human`. The files in `generated/` hold the answers of a language model, nothing dropped; their metadata hold the "
        "prompts.",
        {
            "query_id": QUERY_ID,
            "text": (STRING, "the query"),
            "type": (STRING, "query type, such as `question`, `lead` or `human`"),
            "doc_id": (STRING, "the source passage"),
            "split": (STRING, "`train`, `dev` or `heldout`"),
            "generator": (STRING, "kind of the generator, and its model"),
            "prompt": (STRING, "digest of what the prompts of the type have in common"),
            "seed": (LONG, "seed of the query"),
            "finish_reason": (STRING, "why the model stopped, else null"),
            "start": (INT, "first character of the passage's text that the query was taken from, else null"),
            "end": (INT, "the character after the last one, else null"),
        },
    ),
    "candidates": Table(
        "candidates.parquet, round2/<student>.<variant>/candidates.parquet",
        "What each retriever finds for each query. A positive that no retriever found has the retriever `positive`, rank 0 "
        "and no score.",
        {
            "query_id": QUERY_ID,
            "doc_id": DOC_ID,
            "retriever": (STRING, "name of the retriever"),
            "rank": RANK,
            "score": (FLOAT, "the retriever's score"),
        },
    ),
    "scores": Table(
        "scores.parquet, round2/<student>.<variant>/scores.parquet",
        "What each teacher gives each candidate.",
        {
            "query_id": QUERY_ID,
            "doc_id": DOC_ID,
            "teacher": (STRING, "name of the teacher"),
            "score": (FLOAT, "the raw score, never squashed; higher is better"),
        },
    ),
    "lists": Table(
        "lists/<student>.parquet, round2/<student>.<variant>/lists.parquet",
        "The training lists.",
        {
            "query_id": QUERY_ID,
            "type": (STRING, "query type"),
            "split": (STRING, "`train`"),
            "doc_ids": (STRINGS, "the documents, the positive first"),
            "scores": (FLOATS, "the ensemble's normalised score of each document"),
        },
    ),
    "embeddings": Table(
        "embeddings/<system>.parquet",
        "The documents as a model encodes them, in the order of the corpus.",
        {"doc_id": DOC_ID, "embedding": (FLOATS, "the vector")},
    ),
    "tokens": Table(
        "tokens/<retriever>.parquet",
        "The documents as a model's tokenizer cuts them, in the order of the corpus.",
        {"doc_id": DOC_ID, "tokens": (INTS, "token ids, prompt and special tokens included")},
    ),
    "history": Table(
        "models/<student>/<variant>/history.parquet",
        "The course of a training: one row per step (split `train`) and per measurement (split `dev`; step 0 is the base "
        "model). Losses without a column here stand in `losses`.",
        {
            "step": (INT, "optimiser steps so far"),
            "epoch": (FLOAT, "passes over the lists so far"),
            "split": (STRING, "`train` or `dev`"),
            "loss": (FLOAT, "the weighted sum of the losses"),
            "listwise": (FLOAT, "loss `listwise`, unweighted"),
            "contrastive": (FLOAT, "loss `infonce`, unweighted"),
            "lr": (DOUBLE, "learning rate"),
            "seconds": (FLOAT, "seconds of training so far, measurements not counted"),
            "queries": (LONG, "queries seen so far"),
            "passages": (LONG, "passages encoded so far"),
            SELECTION: (DOUBLE, "the selection measure"),
            "margin_mse": (FLOAT, "loss `margin_mse`, unweighted"),
            "ranknet": (FLOAT, "loss `ranknet`, unweighted"),
            "weights": (STRING, "what was measured: the weights of the step (`step`), an average, or a mixture"),
        },
    ),
    "losses": Table(
        "models/<student>/<variant>/losses.parquet",
        "The value of every loss at every step: a new loss needs no new column.",
        {
            "step": (INT, "optimiser step"),
            "name": (STRING, "name of the loss"),
            "value": (FLOAT, "its value, unweighted"),
        },
    ),
    "runs": Table(
        "runs/<system>.parquet",
        "The ranking of a system for each evaluation query; `<system>.trec` beside it on request.",
        {"query_id": QUERY_ID, "doc_id": DOC_ID, "rank": RANK, "score": (FLOAT, "the system's score")},
    ),
    "per_query": Table(
        "per_query.parquet",
        "Every measure of every system for every evaluation query.",
        {
            "system": (STRING, "name of the system"),
            "split": (STRING, "`dev`, `test` or `heldout`"),
            "query_id": QUERY_ID,
            "measure": MEASURE,
            "value": (DOUBLE, "0 to 1"),
        },
    ),
    "summary": Table(
        "summary.parquet",
        "Every measure of every system, and its comparison with the system's base.",
        {
            "system": (STRING, "name of the system"),
            "split": (STRING, "`dev`, `test` or `heldout`"),
            "measure": MEASURE,
            "value": (DOUBLE, "mean over the queries"),
            "base": (DOUBLE, "value of the system that this one is compared with"),
            "delta": (DOUBLE, "value minus base"),
            "ci_low": (DOUBLE, "lower end of the interval of delta"),
            "ci_high": (DOUBLE, "upper end of the interval of delta"),
            "p_value": (DOUBLE, "of the permutation test, corrected after Holm"),
            "queries": (LONG, "number of queries"),
        },
    ),
    "gate": Table(
        "gate.parquet",
        "The teacher against the students: `teacher` (the ensemble) first, then `teacher.<name>` for each teacher alone, "
        "then the students. The decision stands in the metadata.",
        {
            "system": (STRING, "name of the system"),
            "split": (STRING, "`dev` or `heldout`"),
            "measure": MEASURE,
            "value": (DOUBLE, "mean over the queries"),
            "queries": (LONG, "number of queries"),
        },
    ),
    "funnel": Table(
        "funnel/queries.parquet, funnel/candidates.parquet, funnel/lists.<student>.parquet",
        "How many queries were kept or dropped, and why.",
        {
            "stage": (STRING, "`queries`, `candidates` or `lists`"),
            "type": (STRING, "query type"),
            "split": (STRING, "split of the queries"),
            "reason": (STRING, "`generated`, `kept`, or why they were dropped"),
            "queries": (LONG, "number of queries"),
        },
    ),
}

SCHEMAS = {name: table.schema for name, table in TABLES.items()}
