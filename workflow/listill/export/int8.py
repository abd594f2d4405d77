"""What quantisation to int8 costs: nDCG@10 with the ONNX file in int8 and in torch, on queries of the corpus."""

import logging
from dataclasses import dataclass

import numpy as np

from listill.corpus.collection import Collection
from listill.evaluation import significance
from listill.evaluation.measures import per_query
from listill.evaluation.topics import EvaluationQueries
from listill.measure_names import SELECTION, parse_measure
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.runs import with_ids

# A larger corpus is replaced by a part, and more queries by some: encoding on CPUs takes time.
DOCUMENTS, QUERIES = 10_000, 300
SPLITS = ("test", "heldout", "dev")  # the most trusted first, as in the report
RESAMPLES, CONFIDENCE = 10_000, 0.95
log = logging.getLogger("listill")


@dataclass(frozen=True)
class Loss:
    """nDCG@10 in torch (``value``) and in int8 on the same queries and documents, and the interval of the difference."""

    measure: str
    queries: str
    documents: str
    value: float
    int8: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """The loss in one sentence."""
        return (
            f"With the int8 file, {self.measure} is {self.int8:.4f} instead of {self.value:.4f} "
            f"({self.int8 - self.value:+.4f}, 95 % interval {self.low:+.4f} to {self.high:+.4f}; {self.queries}, "
            f"{self.documents})."
        )


def measure(
    collection: Collection,
    evaluated: EvaluationQueries,
    original: Encoder,
    int8: Encoder,
    seed: int,
    documents_by: Encoder | None = None,
) -> Loss | None:
    """Return the loss on the most trusted split that has judged queries; None if there is none.

    ``documents_by`` encodes the documents for both, if only queries were trained. Of a corpus with more than ``DOCUMENTS``
    documents, the relevant ones of the queries and others at random are searched.
    """
    judged = evaluated.judged
    split = next((split for split in SPLITS if (judged["split"] == split).any()), None)
    if split is None:
        return None
    draw = np.random.default_rng(seed)
    of_split = judged[judged["split"] == split]
    queries = of_split.iloc[np.sort(draw.permutation(len(of_split))[:QUERIES])]
    qrels = evaluated.qrels[evaluated.qrels["query_id"].isin(queries["query_id"])]
    part = _part(collection, qrels[qrels["relevance"] > 0]["doc_id"].unique().tolist(), draw)
    texts = [part.rendered(i) for i in range(len(part))]
    query_ids, query_texts = queries["query_id"].tolist(), queries["text"].tolist()
    shared = None if documents_by is None else documents_by.encode(texts, "document")
    values = []
    for name, encoder in (("torch", original), ("int8", int8)):
        vectors = encoder.encode(texts, "document", f"documents, {name}") if shared is None else shared
        retriever = DenseRetriever(name, part, encoder, vectors)
        run = with_ids(retriever.run(query_ids, query_texts, parse_measure(SELECTION)[1]), query_ids, part)
        values.append(per_query(run, qrels, [SELECTION])["value"].to_numpy())
    sample = evaluated.sample(sorted(query_ids))
    (comparison,) = significance.compare([values[1] - values[0]], sample, RESAMPLES, CONFIDENCE, seed)
    loss = Loss(
        SELECTION,
        f"{len(queries)} of {len(of_split)} {split} queries",
        f"{len(part)} of {len(collection)} documents",
        float(sample.mean(values[0])),
        float(sample.mean(values[1])),
        comparison.low,
        comparison.high,
    )
    log.info("%s", loss.sentence)
    return loss


def _part(collection: Collection, relevant: list[str], draw: np.random.Generator) -> Collection:
    """Return the collection, or ``DOCUMENTS`` of its documents: the relevant ones and others at random."""
    if len(collection) <= DOCUMENTS:
        return collection
    order = draw.permutation(len(collection))
    kept = collection.positions(relevant, "qrels")
    others = order[~np.isin(order, kept)][: max(0, DOCUMENTS - len(kept))]
    return collection.subset(np.sort(np.concatenate([kept, others])))
