"""Random passages as candidates: with them, lists can span the whole range of the teacher's scores.

arXiv 2604.04734 draws lists from 100 retrieved and 100 random passages of each query.
"""

import random

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection

# The value in column ``retriever`` of passages that were drawn at random.
RANDOM = "random"


def with_random(
    pool: pd.DataFrame, query_ids: list[str], collection: Collection, count: int, seed: int
) -> pd.DataFrame:
    """Add ``count`` random documents to the pool (query, document) of each query, with rank 0 and score NaN.

    They are neither in the pool yet nor duplicates of documents that are, nor of each other, nor the query itself where
    topics are documents. A small corpus gives fewer. ``query_ids`` are indexed by the column query. Each query has its
    own seed, so that further queries or a larger pool hardly change what is drawn.
    """
    if not count:
        return pool
    group = collection.group.tolist()
    groups = len(set(group))
    own = collection.doc_ids.positions(query_ids) if collection.topics_are_documents else np.full(len(query_ids), -1)
    queries: list[int] = []
    documents: list[int] = []
    for query, found in pool.groupby("query")["document"]:
        query_id = query_ids[query]
        seen = set(collection.group[found].tolist())
        if own[query] >= 0:
            seen.add(group[own[query]])
        drawn = _draw(min(count, groups - len(seen)), seen, group, f"{seed}:{query_id}:random")
        queries += [query] * len(drawn)
        documents += drawn
    added = pd.DataFrame({"query": queries, "document": documents, "retriever": RANDOM, "rank": 0, "score": np.nan})
    return pd.concat([pool, added], ignore_index=True) if queries else pool


def _draw(count: int, seen: set[int], group: list[int], seed: str) -> list[int]:
    """Return ``count`` random positions, each of another duplicate group that is not ``seen``."""
    stream = random.Random(seed)
    drawn: list[int] = []
    while len(drawn) < count:
        position = stream.randrange(len(group))
        if group[position] not in seen:
            seen.add(group[position])
            drawn.append(position)
    return drawn
