"""Which step is kept: the one with the best nDCG@10 on dev queries, the untrained base among the candidates."""

import logging
import random
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.evaluation.measures import per_query
from listill.evaluation.topics import EvaluationQueries
from listill.retrieval.encoder import Encoder
from listill.retrieval.search import search
from listill.retrieval.tokens import Tokens
from listill.settings import Selection

log = logging.getLogger("listill")

MEASURE = "nDCG@10"
# Of a corpus that is too large to be searched every time, what the base model finds this high is always kept.
HARD = 10


@dataclass
class Selector:
    """Measure a model on dev queries against the corpus, or against a fixed part of it that is the same for all.

    ``read``: the tokens of the queries and of the documents; without, they are tokenised at the first measurement.
    """

    collection: Collection
    documents: np.ndarray
    query_ids: list[str]
    queries: list[str]
    qrels: pd.DataFrame
    read: tuple[Tokens, Tokens] | None = None

    def measure(self, encoder: Encoder) -> float:
        """Return nDCG@10 of a model as it stands."""
        if self.read is None:
            texts = [self.collection.rendered(int(i)) for i in self.documents]
            self.read = (encoder.tokenise(self.queries, "query"), encoder.tokenise(texts, "document"))
        queries, documents = self.read
        return self.measure_vectors(encoder.encode(queries, "query"), encoder.encode(documents, "document"))

    def measure_vectors(self, queries: np.ndarray, documents: np.ndarray) -> float:
        """Return nDCG@10 of embeddings of ``self.queries`` and ``self.documents``; 0 if they are no numbers any more."""
        if not (np.isfinite(queries).all() and np.isfinite(documents).all()):
            log.warning(
                "selection: the model's embeddings are not numbers any more; this step counts as 0: training diverged"
            )
            return 0.0
        depth = 10 + self.collection.topics_are_documents
        found, scores = search(queries, documents, depth, self.collection.id_order[self.documents])
        rows = [
            (query_id, self.collection.doc_ids[self.documents[i]], rank, float(score))
            for query_id, best, values in zip(self.query_ids, found, scores, strict=True)
            for rank, (i, score) in enumerate(zip(best, values, strict=True), start=1)
        ]
        run = pd.DataFrame(rows, columns=["query_id", "doc_id", "rank", "score"])
        run = self.collection.answers(run)
        return float(per_query(run, self.qrels, [MEASURE])["value"].mean())


def selector(
    collection: Collection,
    asked: EvaluationQueries,
    encoder: Encoder,
    embeddings: np.ndarray,
    tokens: Tokens,
    settings: Selection,
    seed: int,
) -> tuple[Selector, float]:
    """Draw the dev queries and the documents, and measure the untrained student (``encoder``, ``embeddings``) on them.

    ``tokens`` are those of all documents.

    Without dev topics the evaluation queries have synthetic dev queries of passages that never train; without those there is
    nothing to select by.
    """
    queries = asked.queries[asked.queries["split"] == "dev"].sort_values("query_id")
    judged = asked.qrels[(asked.qrels["split"] == "dev") & (asked.qrels["relevance"] > 0)]
    queries = queries[queries["query_id"].isin(judged["query_id"])]
    if queries.empty:
        raise UserError("no dev queries to select by: give dev topics, or let corpora.<name>.heldout be larger than 0")
    drawn = random.Random(f"{seed}:selection:queries")
    if len(queries) > settings.queries:
        queries = queries.iloc[sorted(drawn.sample(range(len(queries)), settings.queries))]
    judged = judged[judged["query_id"].isin(queries["query_id"])]
    asked_tokens = encoder.tokenise(queries["text"].tolist(), "query")
    vectors = encoder.encode(asked_tokens, "query")
    documents = np.arange(len(collection))
    if len(collection) > settings.documents:
        hard = search(vectors, embeddings, HARD, collection.id_order)[0]
        relevant = collection.positions(judged["doc_id"].tolist(), "dev judgements")
        needed = set(np.concatenate([relevant, *hard]).tolist())
        rest = [i for i in range(len(collection)) if i not in needed]
        sample = random.Random(f"{seed}:selection:documents").sample(rest, max(0, settings.documents - len(needed)))
        documents = np.array(sorted(needed | set(sample)))
    read = (asked_tokens, tokens.take(documents))
    chosen = Selector(collection, documents, queries["query_id"].tolist(), queries["text"].tolist(), judged, read)
    return chosen, chosen.measure_vectors(vectors, embeddings[documents])
