"""Mining: the candidates of every query, and which queries find their own passage again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.candidates.pool import consistent, with_positives
from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.schemas import HUMAN
from listill.settings.mining import Consistency

# Queries whose candidates are in memory at a time.
QUERY_BLOCK = 16_384


@dataclass(frozen=True)
class Mined:
    """A block of queries: which of them are kept (bool [queries]), and the candidates of these (columns of the table)."""

    candidates: pd.DataFrame
    kept: np.ndarray


def mine(
    queries: pd.DataFrame,
    source: np.ndarray,
    judged: pd.DataFrame,
    retrievers: Sequence[Retriever],
    collection: Collection,
    rule: Consistency,
    depth: int,
) -> Iterator[Mined]:
    """Yield the candidates of blocks of queries, in their order.

    ``queries``: query_id, text, type; ``source``: the position of each query's passage [queries]; ``judged``: query_id and
    document (position) of what is relevant to human train topics. Positives (the source passage, judged documents) that no
    retriever found are added. Queries of type human are always kept, the others if ``rule`` says so.
    """
    for start in range(0, len(queries), QUERY_BLOCK):
        block = queries.iloc[start : start + QUERY_BLOCK].reset_index(drop=True)
        yield _mine(block, source[start : start + len(block)], judged, retrievers, collection, rule, depth)


def _mine(
    block: pd.DataFrame,
    source: np.ndarray,
    judged: pd.DataFrame,
    retrievers: Sequence[Retriever],
    collection: Collection,
    rule: Consistency,
    depth: int,
) -> Mined:
    query_ids, texts = block["query_id"].tolist(), block["text"].tolist()
    pool = pd.concat(
        [retriever.run(query_ids, texts, depth).assign(retriever=retriever.name) for retriever in retrievers],
        ignore_index=True,
    )
    kept = consistent(pool, source, collection.group, rule, len(retrievers)) | (block["type"] == HUMAN).to_numpy()
    own = pd.DataFrame({"query": np.arange(len(block)), "document": source})
    human = block[["query_id"]].assign(query=block.index).merge(judged[["query_id", "document"]], on="query_id")
    pool = with_positives(pool, pd.concat([own, human[["query", "document"]]]))
    pool = pool[kept[pool["query"]]].sort_values(["query", "retriever", "rank", "document"], kind="stable")
    ids = np.array(collection.doc_ids, dtype=object)
    names = block["query_id"].to_numpy()
    return Mined(pool.assign(query_id=names[pool["query"]], doc_id=ids[pool["document"]]), kept)
