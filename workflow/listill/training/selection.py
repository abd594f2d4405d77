"""Select the weights to keep: those with the best nDCG@10 on dev queries. The untrained base model is a candidate, unless
``selection.base`` is false.

During training, weights are measured against a part of a large corpus. This favours weights over the base model, since
the documents that only they confuse with the relevant ones are missing. Whether the best weights are better than the
base model is therefore decided on the whole corpus (see ``decision``).

A training on several corpora has one selector for each, and its measure is the mean of theirs: corpora with more dev
queries do not count more.
"""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.evaluation.measures import per_query
from listill.evaluation.topics import EvaluationQueries
from listill.measure_names import SELECTION, parse_measure
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.runs import with_ids
from listill.retrieval.search import NotFinite
from listill.retrieval.tokens import Tokens
from listill.schemas import HUMAN
from listill.settings.selection import Selection

log = logging.getLogger("listill")

# Depth of the runs: the measure uses no more documents.
DEPTH = parse_measure(SELECTION)[1]
# The top documents of BM25 and of the base model, this many for each query, are always searched if the corpus is too large
# to search it all. Those of further systems would make the part much larger.
HARD = 10


@dataclass
class Selector:
    """Measure models on dev queries against the corpus, or against a fixed part of it that is the same for all models.

    ``collection`` holds the documents that are searched. ``weights`` [queries] are those of the queries (default:
    equal). ``tokens`` are the tokens of the queries and of the documents. Without ``tokens``, both are tokenised at the
    first measurement. ``fixed`` [documents, d]: the embeddings of the documents by all models, if only queries are
    trained. ``measured`` [documents, d] are the embeddings of the last measurement.
    """

    collection: Collection
    query_ids: list[str]
    queries: list[str]
    qrels: pd.DataFrame
    tokens: tuple[Tokens, Tokens] | None = None
    weights: np.ndarray | None = None
    fixed: np.ndarray | None = None
    measured: np.ndarray | None = None

    def measure(self, encoder: Encoder, embeddings: np.ndarray | None = None) -> float:
        """Return nDCG@10 of a model with its current weights; 0 if its embeddings contain NaN or infinity.

        ``embeddings`` [documents, d]: the model's embeddings of the documents, if they have been computed already.
        """
        if self.tokens is None:
            texts = [self.collection.rendered(i) for i in range(len(self.collection))]
            self.tokens = (encoder.tokenise(self.queries, "query"), encoder.tokenise(texts, "document"))
        queries, documents = self.tokens
        known = self.fixed if embeddings is None else embeddings
        matrix = encoder.encode(documents, "document") if known is None else known
        self.measured = matrix
        try:
            run = DenseRetriever("", self.collection, encoder, matrix).run(self.query_ids, queries, DEPTH)
        except NotFinite:
            log.warning(
                "selection: the embeddings contain NaN or infinity: training has diverged; %s of this step is set to 0",
                SELECTION,
            )
            return 0.0
        ranking = with_ids(run, self.query_ids, self.collection)
        values = per_query(ranking, self.qrels, [SELECTION]).set_index("query_id")["value"]
        return float(np.average(values.loc[self.query_ids], weights=self.weights))


def mean(measures: Sequence[float]) -> float:
    """Return the measure of a training: the mean over its corpora."""
    return float(np.mean(measures))


def whole_corpus(collection: Collection, evaluated: EvaluationQueries, encoder: Encoder, tokens: Tokens) -> Selector:
    """Return the selector with all dev queries and all documents; ``tokens`` are those of the documents.

    Without or with few dev topics, the evaluation queries contain synthetic dev queries of held-out passages. Raises
    UserError if there are no dev queries.
    """
    if not (evaluated.judged["split"] == "dev").any():
        raise UserError(
            "there are no dev queries to select the weights by: add dev topics, or set corpora.<name>.heldout above 0"
        )
    log.info("selection: the weights are selected by %s", evaluated.composition("dev"))
    whole = all_dev_queries(collection, evaluated, encoder, tokens)
    if whole.weights is not None and whole.weights.sum() < evaluated.min_dev_topics:
        log.warning(
            "selection: so few dev queries cannot decide reliably; add dev topics, or raise corpora.<name>.heldout"
        )
    return whole


def all_dev_queries(collection: Collection, evaluated: EvaluationQueries, encoder: Encoder, tokens: Tokens) -> Selector:
    """Return the selector with all judged dev queries and all documents; ``tokens`` are those of the documents."""
    queries = evaluated.judged[evaluated.judged["split"] == "dev"].sort_values("query_id")
    query_ids, texts = queries["query_id"].tolist(), queries["text"].tolist()
    relevant = evaluated.qrels[evaluated.qrels["query_id"].isin(query_ids) & (evaluated.qrels["relevance"] > 0)]
    weights = evaluated.sample(query_ids).weight
    return Selector(collection, query_ids, texts, relevant, (encoder.tokenise(texts, "query"), tokens), weights)


def selector(
    whole: Selector,
    evaluated: EvaluationQueries,
    encoder: Encoder,
    embeddings: np.ndarray,
    settings: Selection,
    seed: int,
    candidates: pd.DataFrame | None = None,
) -> tuple[Selector, float]:
    """Sample the dev queries and the documents of ``whole``, and measure the untrained student on them.

    ``encoder`` and ``embeddings`` [documents, d] are those of the untrained student. ``candidates`` (query_id, doc_id,
    retriever, rank) are documents that the retrievers find for the dev queries. If the corpus is sampled, the first of
    BM25 and of the untrained student are included.
    """
    assert whole.tokens is not None
    collection = whole.collection
    types = evaluated.judged.set_index("query_id")["type"].loc[whole.query_ids]
    draw = random.Random(f"{seed}:selection:queries")
    chosen = _sample_queries((types == HUMAN).to_numpy(), settings.queries, draw)
    query_ids, texts = [whole.query_ids[i] for i in chosen], [whole.queries[i] for i in chosen]
    relevant = whole.qrels[whole.qrels["query_id"].isin(query_ids)]
    query_tokens = whole.tokens[0].take(chosen)
    documents = np.arange(len(collection))
    if len(collection) > settings.documents:
        hard = DenseRetriever("", collection, encoder, embeddings).search(query_tokens, HARD)[0]
        judged = collection.doc_ids.positions(relevant["doc_id"].tolist())
        needed = set(np.concatenate([judged[judged >= 0], *hard]))  # a judged one may be missing
        if candidates is not None:
            first = (candidates["retriever"] == "bm25") & candidates["rank"].between(1, HARD)
            found = candidates[first & candidates["query_id"].isin(query_ids)]
            needed |= set(collection.positions(found["doc_id"].tolist(), "dev candidates"))
        rest = [i for i in range(len(collection)) if i not in needed]
        sample = random.Random(f"{seed}:selection:documents").sample(rest, max(0, settings.documents - len(needed)))
        documents = np.array(sorted(needed | set(sample)))
    part = Selector(
        collection.subset(documents),
        query_ids,
        texts,
        relevant,
        (query_tokens, whole.tokens[1].take(documents)),
        evaluated.sample(query_ids).weight,
        None if whole.fixed is None else whole.fixed[documents],
    )
    return part, part.measure(encoder, embeddings[documents])


def _sample_queries(human: np.ndarray, limit: int, draw: random.Random) -> np.ndarray:
    """Return the sorted positions of at most ``limit`` queries: human topics (bool [queries]), then synthetic ones."""
    chosen: list[int] = []
    for part in (np.flatnonzero(human).tolist(), np.flatnonzero(~human).tolist()):
        free = limit - len(chosen)
        chosen += part if len(part) <= free else [part[i] for i in draw.sample(range(len(part)), free)]
    return np.array(sorted(chosen), dtype=np.int64)
