"""Mining: retrieve the candidates of every query, and filter out queries that do not retrieve their source passage."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from listill.candidates import retrieved
from listill.candidates.pool import consistent, with_positives
from listill.candidates.random_passages import with_random
from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.schemas import HUMAN
from listill.settings.mining import Consistency


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
    retrievers: Mapping[str, Callable[[], Retriever]],
    collection: Collection,
    rule: Consistency,
    depth: int,
    work: Path,
    random: int = 0,
    seed: int = 0,
) -> Iterator[MinedBlock]:
    """Yield the candidates of blocks of queries, in the order of the queries.

    All queries are searched with one of the ``retrievers`` after the other, which are opened when they are needed. What
    they find is in ``work``, see ``retrieved``.

    ``queries`` has query_id, text and type. ``source`` is the position of each query's source passage [queries].
    ``judged`` has query_id and document (a position): the relevant documents of human train topics. Positives (the
    source passage and relevant documents) that no retriever found are added, and so are ``random`` random documents.
    Queries of type human are always kept; the others must satisfy ``rule``.
    """
    retrieved.retrieve(queries, retrievers, depth, work)
    for start in range(0, len(queries), retrieved.BLOCK):
        block = queries.iloc[start : start + retrieved.BLOCK].reset_index(drop=True)
        of_block = source[start : start + len(block)]
        pool = retrieved.retrieved(list(retrievers), start, work)
        yield _mine_block(block, of_block, judged, pool, len(retrievers), collection, rule, random, seed)


def _mine_block(
    block: pd.DataFrame,
    source: np.ndarray,
    judged: pd.DataFrame,
    pool: pd.DataFrame,
    retrievers: int,
    collection: Collection,
    rule: Consistency,
    random: int,
    seed: int,
) -> MinedBlock:
    kept = consistent(pool, source, collection.group, rule, retrievers) | (block["type"] == HUMAN).to_numpy()
    source_pairs = pd.DataFrame({"query": np.arange(len(block)), "document": source})
    judged_pairs = block[["query_id"]].assign(query=block.index).merge(judged[["query_id", "document"]], on="query_id")
    pool = with_positives(pool, pd.concat([source_pairs, judged_pairs[["query", "document"]]]))
    pool = with_random(pool[kept[pool["query"]]], block["query_id"].tolist(), collection, random, seed)
    pool = pool.sort_values(["query", "retriever", "rank", "document"], kind="stable")
    query_ids = block["query_id"].take(pool["query"]).array
    return MinedBlock(pool.assign(query_id=query_ids, doc_id=collection.ids_at(pool["document"])), kept)
