"""Mining: retrieve the candidates of every query, and filter out queries that do not retrieve their source passage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.candidates.pool import consistent, with_positives
from listill.candidates.random_passages import with_random
from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.schemas import HUMAN
from listill.settings.mining import Consistency

# Number of queries whose candidates are in memory at a time.
QUERY_BLOCK = 16_384


@dataclass(frozen=True)
class MinedBlock:
    """The result for a block of queries.

    ``kept`` (bool [queries]) tells which queries pass the filter; ``candidates`` holds the candidates of these queries,
    with the columns of the table.
    """

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
    random: int = 0,
    seed: int = 0,
) -> Iterator[MinedBlock]:
    """Yield the candidates of blocks of queries, in the order of the queries.

    ``queries`` has query_id, text and type. ``source`` is the position of each query's source passage [queries].
    ``judged`` has query_id and document (a position): the relevant documents of human train topics. Positives (the
    source passage and relevant documents) that no retriever found are added, and so are ``random`` random documents.
    Queries of type human are always kept; the others must satisfy ``rule``.
    """
    for start in range(0, len(queries), QUERY_BLOCK):
        block = queries.iloc[start : start + QUERY_BLOCK].reset_index(drop=True)
        of_block = source[start : start + len(block)]
        yield _mine_block(block, of_block, judged, retrievers, collection, rule, depth, random, seed)


def _mine_block(
    block: pd.DataFrame,
    source: np.ndarray,
    judged: pd.DataFrame,
    retrievers: Sequence[Retriever],
    collection: Collection,
    rule: Consistency,
    depth: int,
    random: int,
    seed: int,
) -> MinedBlock:
    query_ids, query_texts = block["query_id"].tolist(), block["text"].tolist()
    pool = pd.concat(
        [retriever.run(query_ids, query_texts, depth).assign(retriever=retriever.name) for retriever in retrievers],
        ignore_index=True,
    )
    kept = consistent(pool, source, collection.group, rule, len(retrievers)) | (block["type"] == HUMAN).to_numpy()
    source_pairs = pd.DataFrame({"query": np.arange(len(block)), "document": source})
    judged_pairs = block[["query_id"]].assign(query=block.index).merge(judged[["query_id", "document"]], on="query_id")
    pool = with_positives(pool, pd.concat([source_pairs, judged_pairs[["query", "document"]]]))
    pool = with_random(pool[kept[pool["query"]]], query_ids, collection, random, seed)
    pool = pool.sort_values(["query", "retriever", "rank", "document"], kind="stable")
    doc_ids = np.array(collection.doc_ids, dtype=object)
    candidates = pool.assign(query_id=block["query_id"].to_numpy()[pool["query"]], doc_id=doc_ids[pool["document"]])
    return MinedBlock(candidates, kept)
