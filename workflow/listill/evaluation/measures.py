"""Effectiveness measures, query by query, as trec_eval computes them."""

from typing import Any

import numpy as np
import pandas as pd
import pytrec_eval

from listill.errors import UserError
from listill.measure_names import parse_measure

# ir_measures name -> trec_eval family with a cut-off; RR has none there, so the run itself is cut.
_FAMILIES = {"nDCG": "ndcg_cut", "R": "recall", "P": "P", "AP": "map_cut"}

Nested = dict[str, dict[str, Any]]


def per_query(run: pd.DataFrame, qrels: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """Return the value of every measure for every query that has a relevant document.

    ``run``: query_id, doc_id, rank (smaller is better; equal ranks count in the order of doc_id; a score is ignored).
    ``qrels``: query_id, doc_id, relevance (above 0 is relevant; nDCG gains are the relevances themselves, as in
    trec_eval). ``measures``: nDCG@k, R@k, P@k, AP@k, RR@k.

    Returns query_id, measure, value (0 to 1), sorted by query_id, then in the order of ``measures``. A judged query
    that the run does not answer counts 0. Raises UserError for an unknown measure or a document that a run names twice.
    """
    positive = qrels[qrels["relevance"] > 0]
    judged = _nested(positive, positive["relevance"])
    ranked = _ranked(run[run["query_id"].isin(judged.keys())])
    values = [_values(ranked, judged, measure) for measure in measures]
    queries = sorted(judged)
    return pd.DataFrame(
        {
            "query_id": np.repeat(np.array(queries, dtype=object), len(measures)),
            "measure": np.tile(np.array(measures, dtype=object), len(queries)),
            "value": [found.get(query, 0.0) for query in queries for found in values],
        }
    )


def _ranked(run: pd.DataFrame) -> pd.DataFrame:
    """Return the run with ``position`` 1, 2, ... within each query, whatever number its ranks start from."""
    if (twice := run.duplicated(["query_id", "doc_id"])).any():
        row = run[twice].iloc[0]
        raise UserError(f"a run ranks document '{row['doc_id']}' twice for query '{row['query_id']}'")
    ordered = run.sort_values(["query_id", "rank", "doc_id"])
    return ordered.assign(position=ordered.groupby("query_id").cumcount() + 1)


def _values(ranked: pd.DataFrame, judged: Nested, measure: str) -> dict[str, float]:
    """Return the values of one measure; queries without any ranked document are missing."""
    try:
        name, cut = parse_measure(measure)
    except ValueError as error:
        raise UserError(str(error)) from None
    # All measures stop at their cut-off, so what lies below need not be handed over. trec_eval sorts by score and
    # breaks ties by descending doc_id; minus the position as the score leaves no ties and keeps our order.
    top = ranked[ranked["position"] <= cut]
    asked = "recip_rank" if name == "RR" else f"{_FAMILIES[name]}.{cut}"
    key = asked.replace(".", "_")
    found = pytrec_eval.RelevanceEvaluator(judged, {asked}).evaluate(_nested(top, -top["position"].astype(float)))
    return {query: values[key] for query, values in found.items()}


def _nested(frame: pd.DataFrame, values: pd.Series) -> Nested:
    """Return {query_id: {doc_id: value}}: what pytrec_eval takes."""
    nested: Nested = {}
    columns = frame["query_id"].tolist(), frame["doc_id"].tolist(), values.tolist()  # lists: quick to walk
    for query, document, value in zip(*columns, strict=True):
        nested.setdefault(query, {})[document] = value
    return nested
