"""Clusters of queries that are not independent, because they ask for the same documents.

A system that ranks a passage well does so for all queries of this passage. Significance tests that treat such queries
as independent find differences where there are none. They therefore draw whole clusters.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse

# Two queries are in a cluster if they share at least this part of the relevant documents of the one that has more. If
# any shared document sufficed, long lists of relevant documents would connect almost all topics of a corpus.
SHARED = 0.5


def clusters(qrels: pd.DataFrame, group: Mapping[str, str]) -> "pd.Series[int]":
    """Return the cluster of each query with a relevant document, by query_id; clusters are numbered from 0.

    ``qrels``: query_id, doc_id, relevance (above 0 is relevant). ``group`` maps doc_ids to the first document of their
    duplicate group; others are no duplicates. Clusters are the connected components of queries that share documents.
    """
    relevant = qrels[qrels["relevance"] > 0]
    documents = relevant["doc_id"].map(lambda doc_id: group.get(doc_id, doc_id))
    by_query = documents.groupby(relevant["query_id"]).agg(frozenset)
    # Queries with the same relevant documents are one node, so that a popular document does not make many pairs.
    nodes, node_of_query = _numbered(by_query.tolist())
    rows = np.repeat(np.arange(len(nodes)), [len(node) for node in nodes])
    columns = pd.factorize(np.array([doc for node in nodes for doc in sorted(node)], dtype=object))[0]
    incidence = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(nodes), columns.max(initial=0) + 1))
    shared = (incidence @ incidence.T).tocoo()
    size = np.array([len(node) for node in nodes])
    linked = shared.data >= SHARED * np.maximum(size[shared.row], size[shared.col])
    graph = sparse.coo_array((np.ones(linked.sum()), (shared.row[linked], shared.col[linked])), shape=shared.shape)
    component = sparse.csgraph.connected_components(graph, directed=False)[1]
    return pd.Series(component[node_of_query], index=by_query.index, dtype=np.int64)


def _numbered(values: list[frozenset[str]]) -> tuple[list[frozenset[str]], np.ndarray]:
    """Return the distinct values in order of their first appearance, and the number of each value."""
    number: dict[frozenset[str], int] = {}
    numbers = [number.setdefault(value, len(number)) for value in values]
    return list(number), np.array(numbers, dtype=np.int64)
