"""Per-query effectiveness measures, as trec_eval computes them."""

from typing import Any

import numpy as np
import pandas as pd
import pytrec_eval

from listill.errors import UserError
from listill.measure_names import parse_measure

# ir_measures name -> trec_eval family with a cut-off. trec_eval has no RR with a cut-off, so the run is truncated.
_FAMILIES = {"nDCG": "ndcg_cut", "R": "recall", "P": "P", "AP": "map_cut"}

Nested = dict[str, dict[str, Any]]


def per_query(run: pd.DataFrame, qrels: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """Return the value of every measure for every query that has a relevant document.

    ``run``: query_id, doc_id, rank (smaller is better; equal ranks are ordered by doc_id; scores are ignored).
    ``qrels``: query_id, doc_id, relevance (above 0 is relevant; the gains of nDCG are the relevance values, as in
    trec_eval). ``measures``: nDCG@k, R@k, P@k, AP@k, RR@k.

    Returns query_id, measure, value (0 to 1), sorted by query_id, then in the order of ``measures``. A judged query
    that is missing from the run has the value 0. Raises UserError for an unknown measure or if a run ranks a document
    twice.
    """
    relevant = qrels[qrels["relevance"] > 0]
    relevance = _nested(relevant, relevant["relevance"])
    ranked = ranked_once(run[run["query_id"].isin(relevance.keys())])
    values_by_measure = [_values(ranked, relevance, measure) for measure in measures]
    queries = sorted(relevance)
    return pd.DataFrame(
        {
            "query_id": np.repeat(np.array(queries, dtype=object), len(measures)),
            "measure": np.tile(np.array(measures, dtype=object), len(queries)),
            "value": [values.get(query, 0.0) for query in queries for values in values_by_measure],
        }
    )


def ranked_once(run: pd.DataFrame) -> pd.DataFrame:
    """Return the run with a column ``position`` (1, 2, ... within each query); ranks may start at any number."""
    if (repeated := run.duplicated(["query_id", "doc_id"])).any():
        row = run[repeated].iloc[0]
        raise UserError(
            f"the run ranks document '{row['doc_id']}' twice for query '{row['query_id']}': remove the duplicate"
        )
    ordered = run.sort_values(["query_id", "rank", "doc_id"])
    return ordered.assign(position=ordered.groupby("query_id").cumcount() + 1)


def _values(ranked: pd.DataFrame, relevance: Nested, measure: str) -> dict[str, float]:
    """Return the values of one measure by query, without the queries that have no ranked documents."""
    try:
        name, cut = parse_measure(measure)
    except ValueError as error:
        raise UserError(str(error)) from None
    # All measures ignore documents below their cut-off. trec_eval sorts by score and breaks ties by descending doc_id;
    # the negative position as the score avoids ties and keeps the order of the run.
    top = ranked[ranked["position"] <= cut]
    trec_measure = "recip_rank" if name == "RR" else f"{_FAMILIES[name]}.{cut}"
    key = trec_measure.replace(".", "_")
    evaluator = pytrec_eval.RelevanceEvaluator(relevance, {trec_measure})
    values_by_query = evaluator.evaluate(_nested(top, -top["position"].astype(float)))
    return {query: values[key] for query, values in values_by_query.items()}


def _nested(frame: pd.DataFrame, values: pd.Series) -> Nested:
    """Return {query_id: {doc_id: value}}, the format of pytrec_eval."""
    nested: Nested = {}
    columns = frame["query_id"].tolist(), frame["doc_id"].tolist(), values.tolist()  # lists are faster to iterate over
    for query, document, value in zip(*columns, strict=True):
        nested.setdefault(query, {})[document] = value
    return nested
