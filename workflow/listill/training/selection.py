"""Select the weights to keep: those with the best nDCG@10 on dev queries. The untrained base model is a candidate."""

import logging
import random
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
from listill.settings.training import Selection

log = logging.getLogger("listill")

# Depth of the runs: the measure uses no more documents.
DEPTH = parse_measure(SELECTION)[1]
# The base model's top documents of each query, this many, are always searched if the corpus is too large to search it
# all.
HARD = 10


@dataclass
class Selector:
    """Measure models on dev queries against the corpus, or against a fixed part of it that is the same for all models.

    ``collection`` holds the documents that are searched, ``tokens`` the tokens of the queries and of the documents.
    Without ``tokens``, both are tokenised at the first measurement.
    """

    collection: Collection
    query_ids: list[str]
    queries: list[str]
    qrels: pd.DataFrame
    tokens: tuple[Tokens, Tokens] | None = None

    def measure(self, encoder: Encoder, embeddings: np.ndarray | None = None) -> float:
        """Return nDCG@10 of a model with its current weights; 0 if its embeddings contain NaN or infinity.

        ``embeddings`` [documents, d]: the model's embeddings of the documents, if they have been computed already.
        """
        if self.tokens is None:
            texts = [self.collection.rendered(i) for i in range(len(self.collection))]
            self.tokens = (encoder.tokenise(self.queries, "query"), encoder.tokenise(texts, "document"))
        queries, documents = self.tokens
        matrix = encoder.encode(documents, "document") if embeddings is None else embeddings
        try:
            run = DenseRetriever("", self.collection, encoder, matrix).run(self.query_ids, queries, DEPTH)
        except NotFinite:
            log.warning(
                "selection: the embeddings contain NaN or infinity: training has diverged; %s of this step is set to 0",
                SELECTION,
            )
            return 0.0
        ranking = with_ids(run, self.query_ids, self.collection)
        return float(per_query(ranking, self.qrels, [SELECTION])["value"].mean())


def selector(
    collection: Collection,
    evaluated: EvaluationQueries,
    encoder: Encoder,
    embeddings: np.ndarray,
    tokens: Tokens,
    settings: Selection,
    seed: int,
) -> tuple[Selector, float]:
    """Sample the dev queries and the documents, and measure the untrained student on them.

    ``encoder`` and ``embeddings`` are those of the untrained student, ``tokens`` are the tokens of all documents.
    Without dev topics, the evaluation queries contain synthetic dev queries of held-out passages. Raises UserError if
    there are no dev queries.
    """
    queries = evaluated.queries[evaluated.queries["split"] == "dev"].sort_values("query_id")
    judged = evaluated.qrels[(evaluated.qrels["split"] == "dev") & (evaluated.qrels["relevance"] > 0)]
    queries = queries[queries["query_id"].isin(judged["query_id"])]
    if queries.empty:
        raise UserError(
            "there are no dev queries to select the weights by: add dev topics, or set corpora.<name>.heldout above 0"
        )
    draw = random.Random(f"{seed}:selection:queries")
    if len(queries) > settings.queries:
        queries = queries.iloc[sorted(draw.sample(range(len(queries)), settings.queries))]
    judged = judged[judged["query_id"].isin(queries["query_id"])]
    query_tokens = encoder.tokenise(queries["text"].tolist(), "query")
    documents = np.arange(len(collection))
    if len(collection) > settings.documents:
        hard = DenseRetriever("", collection, encoder, embeddings).search(query_tokens, HARD)[0]
        relevant = collection.positions(judged["doc_id"].tolist(), "dev judgements")
        needed = set(np.concatenate([relevant, *hard]).tolist())
        rest = [i for i in range(len(collection)) if i not in needed]
        sample = random.Random(f"{seed}:selection:documents").sample(rest, max(0, settings.documents - len(needed)))
        documents = np.array(sorted(needed | set(sample)))
    sampled = Selector(
        collection.subset(documents),
        queries["query_id"].tolist(),
        queries["text"].tolist(),
        judged,
        (query_tokens, tokens.take(documents)),
    )
    return sampled, sampled.measure(encoder, embeddings[documents])
