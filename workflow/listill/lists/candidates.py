"""The candidates that the lists of one student are built from."""

import pandas as pd

from listill.candidates.pool import POSITIVE, found_again
from listill.candidates.random_passages import RANDOM
from listill.corpus.collection import Collection
from listill.schemas import HUMAN


def student_pairs(
    candidates: pd.DataFrame,
    queries: pd.DataFrame,
    positives: pd.DataFrame,
    collection: Collection,
    retriever: str,
    all_retrievers: bool,
    found_within: int | None,
) -> tuple[pd.DataFrame, set[str]]:
    """Return the distinct pairs (query_id, doc_id) of a student's pool, and the inconsistent queries, which have none.

    ``candidates``: query_id, doc_id, retriever, rank; ``queries``: type and doc_id, indexed by query_id; ``positives``:
    query_id, doc_id. The pool has the candidates of BM25 and of ``retriever``, or those of ``all_retrievers``, and
    random passages. A synthetic query is inconsistent if ``retriever`` does not rank its source passage among the first
    ``found_within`` (None: no filter).
    """
    ids = ["query_id", "doc_id"]
    pool = candidates[candidates["query_id"].isin(queries.index)]
    dropped: set[str] = set()
    if found_within is not None:
        dropped = inconsistent(pool, queries, collection, retriever, found_within)
    if not all_retrievers:
        pool = student_candidates(pool, positives, retriever)
    return pool[~pool["query_id"].isin(dropped)].drop_duplicates(ids)[ids], dropped


def student_candidates(candidates: pd.DataFrame, positives: pd.DataFrame, retriever: str) -> pd.DataFrame:
    """Return the candidates of BM25 and of the student's retriever, random passages, and positives of any retriever.

    ``candidates``: query_id, doc_id, retriever, rank; ``positives``: query_id, doc_id.
    """
    ids = ["query_id", "doc_id"]
    positive = pd.MultiIndex.from_frame(candidates[ids]).isin(pd.MultiIndex.from_frame(positives[ids]))
    return candidates[candidates["retriever"].isin(["bm25", retriever, POSITIVE, RANDOM]) | positive]


def inconsistent(
    candidates: pd.DataFrame, queries: pd.DataFrame, collection: Collection, retriever: str, top: int
) -> set[str]:
    """Return the synthetic queries whose source passage is not among the first ``top`` of the student's retriever.

    ``queries``: type and doc_id, indexed by query_id. Queries without candidates are not tested.
    """
    consistent = found_again(candidates, queries["doc_id"], collection, retriever, top)
    return set(queries.index[queries["type"] != HUMAN]) & set(candidates["query_id"]) - consistent
