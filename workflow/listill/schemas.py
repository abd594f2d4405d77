"""The files and columns of all tables. docs/tables.md is generated from this module."""

from dataclasses import dataclass

import pyarrow as pa

from listill.measure_names import SELECTION

# The query type of human train topics.
HUMAN = "human"

STRING, INT, LONG, FLOAT, DOUBLE = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64()
STRINGS, FLOATS, INTS = pa.list_(STRING), pa.list_(FLOAT), pa.list_(INT)

# Columns of several tables.
DOC_ID = (STRING, "id of a document")
QUERY_ID = (STRING, "id of a query")
RANK = (INT, "1 for the best document of a query")
MEASURE = (STRING, "name of the measure, such as `nDCG@10`")


@dataclass(frozen=True)
class Table:
    """One table: its files (below results/<corpus>/), its description, and the type and description of each column.

    A file may lack the ``optional`` columns: files of earlier versions and of other tools do. They are read as null. The
    columns ``numbers`` are never null. No number is NaN or infinite.
    """

    files: str
    about: str
    columns: dict[str, tuple[pa.DataType, str]]
    optional: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema."""
        return pa.schema([(name, kind) for name, (kind, _) in self.columns.items()])


TABLES = {
    "corpus": Table(
        "corpus.parquet",
        "The documents. The text template is in the metadata.",
        {
            "doc_id": DOC_ID,
            "title": (STRING, "title, or null"),
            "text": (STRING, "text without the title"),
            "duplicate_of": (STRING, "null, or the doc_id of the first document with the same text"),
        },
    ),
    "heldout": Table(
        "heldout.parquet",
        "The passages that are held out from training.",
        {"doc_id": DOC_ID, "split": (STRING, "`heldout`, or `dev` if there are few or no dev topics")},
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
        "The training queries, and the synthetic queries of held-out passages for evaluation. Human train topics have "
        "the type `human`. The files in `generated/` contain all answers of a language model before cleaning; the "
        "prompts are in their metadata.",
        {
            "query_id": QUERY_ID,
            "text": (STRING, "the query"),
            "type": (STRING, "query type, such as `question`, `lead` or `human`"),
            "doc_id": (STRING, "the source passage"),
            "split": (STRING, "`train`, `dev` or `heldout`"),
            "generator": (STRING, "kind of the generator, and its model"),
            "prompt": (STRING, "digest of the prefix that all prompts of the type share"),
            "seed": (LONG, "seed of the query"),
            "finish_reason": (STRING, "why the model stopped, or null"),
            "start": (INT, "first character of the part of the passage's text that the query was taken from, or null"),
            "end": (INT, "end of this part (exclusive), or null"),
        },
    ),
    "candidates": Table(
        "candidates.parquet, round2/<student>.<variant>/candidates.parquet, dev_candidates.parquet",
        "The candidates that each retriever returns for each query. A positive that no retriever returned has the "
        "retriever `positive`, a random passage (`mining.random`) the retriever `random`; both have rank 0 and no score. "
        "`dev_candidates.parquet` has those of the dev queries, which the gate and the selection of weights use.",
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
        "The score of each teacher for each candidate.",
        {
            "query_id": QUERY_ID,
            "doc_id": DOC_ID,
            "teacher": (STRING, "name of the teacher"),
            "score": (FLOAT, "the raw score, without a sigmoid or normalisation; higher is better"),
        },
        numbers=frozenset({"score"}),
    ),
    "lists": Table(
        "lists/<student>.parquet, lists/<student>.<variant>.parquet, round2/<student>.<variant>/lists.parquet",
        "The training lists. A variant that sets `lists` or `teachers` has lists of its own.",
        {
            "query_id": QUERY_ID,
            "type": (STRING, "query type"),
            "split": (STRING, "`train`"),
            "doc_ids": (STRINGS, "ids of the documents: first the positives, the best first, then the others"),
            "scores": (FLOATS, "the target of each document: the normalised score of the ensemble, raised if judged"),
            "other_ids": (STRINGS, "ids of the scored candidates that the list leaves out"),
            "other_scores": (FLOATS, "their scores, on the scale of `scores`"),
            "near_positives": (
                STRINGS,
                "ids of candidates that the teacher scores near or above the positive, as `near_positive` says: never "
                "negatives, and positives if the list has them",
            ),
        },
        optional=frozenset({"other_ids", "other_scores", "near_positives"}),
        numbers=frozenset({"scores", "other_scores"}),
    ),
    "embeddings": Table(
        "embeddings/<system>.parquet",
        "The embeddings of the documents, in the order of the corpus. The metadata have `truncated`, as those of the tokens.",
        {"doc_id": DOC_ID, "embedding": (FLOATS, "the embedding of the document")},
        numbers=frozenset({"embedding"}),
    ),
    "tokens": Table(
        "tokens/<retriever>.parquet",
        "The tokenized documents of a model, in the order of the corpus. The metadata have `truncated`: the number "
        "`documents` of documents, `of` all, that are longer than the student's `max_length`, and the share `tokens_cut` "
        "of all tokens that is cut.",
        {"doc_id": DOC_ID, "tokens": (INTS, "token ids, including the prompt and special tokens")},
    ),
    "history": Table(
        "models/<student>/<variant>/history.parquet, ../joint/<name>/history.parquet",
        "The history of a training run: one row per step (split `train`) and per evaluation (split `dev`; step 0 is "
        "the base model). Two more rows (split `decision`) compare the base model and the best weights on the whole "
        "corpus. The table `losses` has the values of all losses.",
        {
            "step": (INT, "optimiser steps so far"),
            "epoch": (FLOAT, "epochs so far"),
            "split": (STRING, "`train`, `dev` or `decision`"),
            "loss": (FLOAT, "the weighted sum of the losses"),
            "listwise": (FLOAT, "loss `listwise`, unweighted"),
            "contrastive": (FLOAT, "loss `infonce`, unweighted"),
            "lr": (DOUBLE, "learning rate"),
            "seconds": (FLOAT, "seconds of training so far, without evaluations"),
            "queries": (LONG, "queries seen so far"),
            "passages": (LONG, "passages encoded so far"),
            SELECTION: (DOUBLE, "the selection measure"),
            "margin_mse": (FLOAT, "loss `margin_mse`, unweighted"),
            "ranknet": (FLOAT, "loss `ranknet`, unweighted"),
            "weights": (STRING, "the evaluated weights: those of the step (`step`), an average, or a mixture"),
        },
    ),
    "losses": Table(
        "models/<student>/<variant>/losses.parquet, ../joint/<name>/losses.parquet",
        "The value of every loss at every step.",
        {
            "step": (INT, "optimiser step"),
            "name": (STRING, "name of the loss"),
            "value": (FLOAT, "value of the loss, unweighted"),
        },
        numbers=frozenset({"value"}),
    ),
    "corpora": Table(
        "../joint/<name>/corpora.parquet",
        "The steps and measurements of a joint training by corpus. The history beside it has the means over the corpora.",
        {
            "step": (INT, "optimiser steps so far"),
            "split": (STRING, "`train`, `dev` or `decision`, as in the history"),
            "weights": (STRING, "the evaluated weights, as in the history; null for a step"),
            "corpus": (STRING, "name of the corpus"),
            "value": (DOUBLE, "the loss of the step, which has lists of this corpus only, or the selection measure"),
        },
        numbers=frozenset({"value"}),
    ),
    "learning_curve": Table(
        "learning_curve/<student>.<variant>.<percent>.parquet",
        "The values of a variant that was trained on a share of its lists (`evaluation.learning_curve`).",
        {
            "system": (STRING, "name of the system, with the suffix of its seed"),
            "share": (FLOAT, "the share of the lists"),
            "lists": (LONG, "their number"),
            "split": (STRING, "`test` or `heldout`"),
            "query_id": QUERY_ID,
            "measure": (STRING, "name of the measure"),
            "value": (DOUBLE, "its value for this query"),
        },
        numbers=frozenset({"value"}),
    ),
    "runs": Table(
        "runs/<system>.parquet, retention/<other corpus>/runs/<system>.parquet",
        "The ranking of a system for each evaluation query, optionally with a copy in TREC format (`<system>.trec`).",
        {"query_id": QUERY_ID, "doc_id": DOC_ID, "rank": RANK, "score": (FLOAT, "the system's score")},
        numbers=frozenset({"score"}),
    ),
    "per_query": Table(
        "per_query.parquet, retention/<other corpus>/per_query.parquet",
        "The value of every measure for every system and evaluation query. Each seed of a variant is a system. A run that "
        "reranks a pool has no measures whose cut-off is deeper than the pool.",
        {
            "system": (STRING, "name of the system"),
            "split": (STRING, "`dev`, `test` or `heldout`"),
            "query_id": QUERY_ID,
            "measure": MEASURE,
            "value": (DOUBLE, "value of the measure, 0 to 1"),
        },
        numbers=frozenset({"value"}),
    ),
    "summary": Table(
        "summary.parquet, retention/<other corpus>/summary.parquet",
        "The mean of every measure for every system, and the comparison with the system's base. A variant that is "
        "trained with several seeds has one row: the mean of its seeds. Dev queries are weighed: see `min_dev_topics`.",
        {
            "system": (STRING, "name of the system"),
            "split": (STRING, "`dev`, `test` or `heldout`"),
            "measure": MEASURE,
            "value": (DOUBLE, "mean over the queries"),
            "base": (DOUBLE, "value of the system that this one is compared with"),
            "delta": (DOUBLE, "value minus base"),
            "ci_low": (DOUBLE, "lower end of the confidence interval of delta"),
            "ci_high": (DOUBLE, "upper end of the confidence interval of delta"),
            "p_value": (DOUBLE, "p-value of the permutation test, Holm-corrected"),
            "queries": (LONG, "number of queries"),
            "clusters": (LONG, "number of clusters of queries that ask for the same documents"),
            "seeds": (LONG, "number of seeds that the system was trained with; 1 for other systems"),
            "seed_sd": (DOUBLE, "standard deviation of the means of the seeds, or null"),
            "kept": (LONG, "number of seeds whose training was better than the base model on dev; null if not trained"),
        },
        optional=frozenset({"clusters", "seeds", "seed_sd", "kept"}),
    ),
    "comparisons": Table(
        "comparisons.parquet",
        "Comparisons besides those with the base: each variant with BM25, with the fusion of BM25 and the base model, and "
        "with the student's other variants; the fusion of each variant and BM25 with that of the base model.",
        {
            "student": (STRING, "name of the student"),
            "system": (STRING, "name of the system"),
            "against": (STRING, "the system that it is compared with"),
            "split": (STRING, "`dev`, `test` or `heldout`"),
            "measure": MEASURE,
            "value": (DOUBLE, "mean of the system over the queries and seeds"),
            "against_value": (DOUBLE, "mean of the other system"),
            "delta": (DOUBLE, "value minus against_value"),
            "ci_low": (DOUBLE, "lower end of the confidence interval of delta"),
            "ci_high": (DOUBLE, "upper end of the confidence interval of delta"),
            "p_value": (DOUBLE, "p-value of the permutation test, Holm-corrected over the comparisons of the student"),
            "queries": (LONG, "number of queries"),
            "clusters": (LONG, "number of clusters of queries that ask for the same documents"),
            "seeds": (LONG, "number of seeds of the system"),
        },
    ),
    "mteb": Table(
        "mteb/<system>.parquet",
        "The results of a student, untrained or trained, on tasks of MTEB.",
        {
            "task": (STRING, "name of the task"),
            "subset": (STRING, "subset of the task, such as a language"),
            "split": (STRING, "split of the task's data"),
            "measure": (STRING, "the task's main score, as MTEB names it"),
            "value": (DOUBLE, "value of the main score"),
            "revision": (STRING, "revision of the task's data"),
        },
    ),
    "checks": Table(
        "checks.parquet",
        "Whether `SentenceTransformer(folder)` ranks as what was measured: for up to 20 evaluation queries, the first ten "
        "documents of the run of the trained model.",
        {
            "system": (STRING, "name of the trained system"),
            "query_id": QUERY_ID,
            "documents": (INT, "number of the first documents of the run"),
            "same": (INT, "how many of them come first again with the model as users load it"),
            "base": (INT, "how many of them are among the first of the base model"),
            "difference": (
                DOUBLE,
                "largest difference of their scores as loaded, as a share of the run's largest score",
            ),
            "base_difference": (DOUBLE, "the same for the base model's run, as far as it has them"),
        },
        numbers=frozenset({"difference", "base_difference"}),
    ),
    "gate": Table(
        "gate.parquet",
        "The comparison of the teacher with the students: `teacher` (the ensemble) first, then `teacher.<name>` for "
        "each single teacher, then the students. The decision is in the metadata.",
        {
            "system": (STRING, "name of the system"),
            "split": (STRING, "`dev` or `heldout`"),
            "measure": MEASURE,
            "value": (DOUBLE, "mean over the queries"),
            "queries": (LONG, "number of queries"),
        },
        numbers=frozenset({"value"}),
    ),
    "funnel": Table(
        "funnel/queries.parquet, funnel/candidates.parquet, funnel/lists.<student>.parquet, "
        "funnel/lists.<student>.<variant>.parquet",
        "The number of queries that were kept or dropped, by reason.",
        {
            "stage": (STRING, "`queries`, `candidates` or `lists`"),
            "type": (STRING, "query type"),
            "split": (STRING, "split of the queries"),
            "reason": (STRING, "`generated` (before cleaning), `kept`, or the reason for dropping"),
            "queries": (LONG, "number of queries"),
        },
    ),
}

SCHEMAS = {name: table.schema for name, table in TABLES.items()}
