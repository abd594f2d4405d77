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
from listill.measure_names import SELECTION, parse_measure
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.runs import with_ids
from listill.retrieval.search import NotFinite
from listill.retrieval.tokens import Tokens
from listill.settings.training import Selection

log = logging.getLogger("listill")

# Documents of a run that the measure looks at.
DEPTH = parse_measure(SELECTION)[1]
# Of a corpus that is too large to be searched every time, what the base model finds this high is always kept.
HARD = 10


@dataclass
class Selector:
    """Measure a model on dev queries against the corpus, or against a fixed part of it that is the same for all.

    ``collection`` holds the documents that are searched. ``tokens``: those of the queries and of the documents; without,
    they are tokenised at the first measurement.
    """

    collection: Collection
    query_ids: list[str]
    queries: list[str]
    qrels: pd.DataFrame
    tokens: tuple[Tokens, Tokens] | None = None

    def measure(self, encoder: Encoder, embeddings: np.ndarray | None = None) -> float:
        """Return nDCG@10 of a model as it stands; 0 if its embeddings are no numbers any more.

        ``embeddings`` [documents, d]: the documents as the model encodes them, where they are at hand.
        """
        if self.tokens is None:
            texts = [self.collection.rendered(i) for i in range(len(self.collection))]
            self.tokens = (encoder.tokenise(self.queries, "query"), encoder.tokenise(texts, "document"))
        queries, documents = self.tokens
        matrix = encoder.encode(documents, "document") if embeddings is None else embeddings
        try:
            found = DenseRetriever("", self.collection, encoder, matrix).run(self.query_ids, queries, DEPTH)
        except NotFinite:
            log.warning(
                "selection: the model's embeddings are not numbers any more; this step counts as 0: training diverged"
            )
            return 0.0
        run = with_ids(found, self.query_ids, self.collection)
        return float(per_query(run, self.qrels, [SELECTION])["value"].mean())


def selector(
    collection: Collection,
    evaluated: EvaluationQueries,
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
    queries = evaluated.queries[evaluated.queries["split"] == "dev"].sort_values("query_id")
    judged = evaluated.qrels[(evaluated.qrels["split"] == "dev") & (evaluated.qrels["relevance"] > 0)]
    queries = queries[queries["query_id"].isin(judged["query_id"])]
    if queries.empty:
        raise UserError("no dev queries to select by: give dev topics, or let corpora.<name>.heldout be larger than 0")
    drawn = random.Random(f"{seed}:selection:queries")
    if len(queries) > settings.queries:
        queries = queries.iloc[sorted(drawn.sample(range(len(queries)), settings.queries))]
    judged = judged[judged["query_id"].isin(queries["query_id"])]
    query_tokens = encoder.tokenise(queries["text"].tolist(), "query")
    documents = np.arange(len(collection))
    if len(collection) > settings.documents:
        base = DenseRetriever("", collection, encoder, embeddings)
        hard = base.search(query_tokens, HARD)[0]
        relevant = collection.positions(judged["doc_id"].tolist(), "dev judgements")
        needed = set(np.concatenate([relevant, *hard]).tolist())
        rest = [i for i in range(len(collection)) if i not in needed]
        sample = random.Random(f"{seed}:selection:documents").sample(rest, max(0, settings.documents - len(needed)))
        documents = np.array(sorted(needed | set(sample)))
    read = (query_tokens, tokens.take(documents))
    chosen = Selector(
        collection.subset(documents), queries["query_id"].tolist(), queries["text"].tolist(), judged, read
    )
    return chosen, chosen.measure(encoder, embeddings[documents])
