"""The pool: what each retriever finds for each query, and the filter on the source passage."""

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.settings.mining import Consistency

# The positives of a query that no retriever found are candidates of this name.
POSITIVE = "positive"


def consistent(
    pool: pd.DataFrame, source: np.ndarray, group: np.ndarray, rule: Consistency, retrievers: int
) -> np.ndarray:
    """Tell for each query whether its source passage, or a duplicate of it, comes back (bool [queries]).

    ``source[q]`` is the position of q's passage, ``group`` as in Collection. ``rule.require``: by any retriever within the
    first ``rule.top``, by each of the ``retrievers``, or no filter. ``student`` keeps here what any finds; the lists of each
    student then keep what its own retriever finds.
    """
    if rule.require == "none":
        return np.ones(len(source), dtype=bool)
    hit = (pool["rank"] <= rule.top) & (group[pool["document"]] == group[source[pool["query"]]])
    by = pool[hit].groupby("query")["retriever"].nunique().reindex(range(len(source)), fill_value=0).to_numpy()
    return by >= (retrievers if rule.require == "each" else 1)


def found_again(
    candidates: pd.DataFrame, source: pd.Series, collection: Collection, retriever: str, top: int
) -> set[str]:
    """Return the queries whose source passage, or a duplicate of it, is among the first ``top`` of one retriever.

    ``candidates``: query_id, doc_id, retriever, rank; ``source``: the doc_id of each query_id's passage.
    """
    own = candidates[(candidates["retriever"] == retriever) & candidates["rank"].between(1, top)]
    found, wanted = own["doc_id"].tolist(), source.loc[own["query_id"]].tolist()
    group = collection.group
    same = group[collection.positions(found, "candidates")] == group[collection.positions(wanted, "queries")]
    return set(own.loc[same, "query_id"])


def with_positives(pool: pd.DataFrame, positives: pd.DataFrame) -> pd.DataFrame:
    """Add the positives (query, document) that are missing from the pool; their rank and score are unknown (0, NaN)."""
    known = pool.set_index(["query", "document"]).index
    missing = positives[~positives.set_index(["query", "document"]).index.isin(known)].drop_duplicates()
    return pd.concat([pool, missing.assign(retriever=POSITIVE, rank=0, score=np.nan)], ignore_index=True)
