"""Which candidates the lists of one student are made of."""

import pandas as pd

from listill.candidates.pool import POSITIVE, found_again
from listill.corpus.collection import Collection
from listill.schemas import HUMAN


def student_candidates(candidates: pd.DataFrame, positives: pd.DataFrame, retriever: str) -> pd.DataFrame:
    """Return the candidates of BM25 and of the student's retriever; a positive stays whichever retriever found it.

    ``candidates``: query_id, doc_id, retriever, rank; ``positives``: query_id, doc_id.
    """
    ids = ["query_id", "doc_id"]
    positive = pd.MultiIndex.from_frame(candidates[ids]).isin(pd.MultiIndex.from_frame(positives[ids]))
    return candidates[candidates["retriever"].isin(["bm25", retriever, POSITIVE]) | positive]


def inconsistent(
    candidates: pd.DataFrame, queries: pd.DataFrame, collection: Collection, retriever: str, top: int
) -> set[str]:
    """Return the synthetic queries whose passage is not within the first ``top`` of the student's retriever.

    ``queries``: type and doc_id, indexed by query_id.
    """
    again = found_again(candidates, queries["doc_id"], collection, retriever, top)
    return set(queries.index[queries["type"] != HUMAN]) & set(candidates["query_id"]) - again
