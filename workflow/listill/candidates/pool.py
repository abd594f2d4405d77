"""The pool: the documents that each retriever finds for each query, and the filter on the source passage."""

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.settings.mining import Consistency

# The value in column ``retriever`` of positives that no retriever found.
POSITIVE = "positive"


def consistent(
    pool: pd.DataFrame, source: np.ndarray, group: np.ndarray, rule: Consistency, retrievers: int
) -> np.ndarray:
    """Tell for each query whether its source passage, or a duplicate of it, is retrieved (bool [queries]).

    ``source[q]`` is the position of the source passage of query q; ``group`` is the array of Collection. The passage
    must be within the first ``rule.top`` documents of any retriever or of each of the ``retrievers``, as
    ``rule.require`` says; with ``none``, every query passes. ``student`` is treated as ``any`` here: the lists of each
    student later keep only the queries whose passage its own retriever finds.
    """
    if rule.require == "none":
        return np.ones(len(source), dtype=bool)
    is_hit = (pool["rank"] <= rule.top) & (group[pool["document"]] == group[source[pool["query"]]])
    hits = pool[is_hit].groupby("query")["retriever"].nunique().reindex(range(len(source)), fill_value=0).to_numpy()
    return hits >= (retrievers if rule.require == "each" else 1)


def found_again(
    candidates: pd.DataFrame, source: pd.Series, collection: Collection, retriever: str, top: int
) -> set[str]:
    """Return the queries whose source passage, or a duplicate of it, one retriever ranks within the first ``top``.

    ``candidates`` has query_id, doc_id, retriever and rank; ``source`` maps each query_id to the doc_id of its source
    passage.
    """
    retrieved = candidates[(candidates["retriever"] == retriever) & candidates["rank"].between(1, top)]
    doc_ids, source_ids = retrieved["doc_id"].tolist(), source.loc[retrieved["query_id"]].tolist()
    group = collection.group
    is_source = group[collection.positions(doc_ids, "candidates")] == group[collection.positions(source_ids, "queries")]
    return set(retrieved.loc[is_source, "query_id"])


def with_positives(pool: pd.DataFrame, positives: pd.DataFrame) -> pd.DataFrame:
    """Add the positives (query, document) that are missing from the pool, with rank 0 and score NaN."""
    pairs = pool.set_index(["query", "document"]).index
    missing = positives[~positives.set_index(["query", "document"]).index.isin(pairs)].drop_duplicates()
    return pd.concat([pool, missing.assign(retriever=POSITIVE, rank=0, score=np.nan)], ignore_index=True)
