"""Measures, compared with values that are computed by hand from their definitions."""

import time
from math import log2

import numpy as np
import pandas as pd
import pytest

from listill.errors import UserError
from listill.evaluation.measures import per_query


def run_of(**ranked: list[str]) -> pd.DataFrame:
    rows = [(query, doc, rank, 0.0) for query, docs in ranked.items() for rank, doc in enumerate(docs, 1)]
    return pd.DataFrame(rows, columns=["query_id", "doc_id", "rank", "score"])


def qrels_of(**judged: dict[str, int]) -> pd.DataFrame:
    rows = [(query, doc, relevance) for query, docs in judged.items() for doc, relevance in docs.items()]
    return pd.DataFrame(rows, columns=["query_id", "doc_id", "relevance"])


def value(run: pd.DataFrame, qrels: pd.DataFrame, measure: str) -> float:
    [result] = per_query(run, qrels, [measure])["value"]
    return result


def test_ndcg_with_graded_relevance() -> None:
    run = run_of(q=["x", "a", "y", "b"])
    qrels = qrels_of(q={"a": 1, "b": 3, "c": 2, "y": 0})
    gained = 1 / log2(3) + 3 / log2(5)
    ideal = 3 / log2(2) + 2 / log2(3) + 1 / log2(4)
    assert value(run, qrels, "nDCG@10") == pytest.approx(gained / ideal)
    assert value(run, qrels, "nDCG@2") == pytest.approx((1 / log2(3)) / (3 + 2 / log2(3)))


def test_recall_precision_and_average_precision() -> None:
    run = run_of(q=["a", "x", "b", *(f"n{i}" for i in range(97)), "c"])  # c is at rank 101
    qrels = qrels_of(q={"a": 1, "b": 1, "c": 1, "d": 1})
    assert value(run, qrels, "R@100") == pytest.approx(2 / 4)
    assert value(run, qrels, "R@101") == pytest.approx(3 / 4)
    assert value(run, qrels, "P@5") == pytest.approx(2 / 5)
    assert value(run, qrels, "AP@100") == pytest.approx((1 / 1 + 2 / 3) / 4)


def test_reciprocal_rank_has_a_cut_off() -> None:
    run = run_of(tenth=[*(f"n{i}" for i in range(9)), "a"], eleventh=[*(f"n{i}" for i in range(10)), "a"])
    values = per_query(run, qrels_of(tenth={"a": 1}, eleventh={"a": 1}), ["RR@10"]).set_index("query_id")["value"]
    assert values["tenth"] == pytest.approx(1 / 10)
    assert values["eleventh"] == 0


def test_documents_are_ordered_by_rank() -> None:
    run = run_of(q=["a", "z"]).assign(score=[1.0, 1.0])  # trec_eval would put z first
    assert value(run, qrels_of(q={"a": 1}), "RR@10") == 1
    assert value(run.assign(score=[1.0, 2.0]), qrels_of(q={"a": 1}), "RR@10") == 1
    shuffled = run.iloc[::-1].assign(rank=lambda frame: frame["rank"] - 1)  # any order of rows, ranks from 0
    assert value(shuffled, qrels_of(q={"a": 1}), "RR@1") == 1


def test_equal_ranks_are_ordered_by_id() -> None:
    run = run_of(q=["z", "a"]).assign(rank=1)
    assert value(run, qrels_of(q={"a": 1}), "RR@10") == 1


def test_missing_queries_count_zero_and_queries_without_relevant_documents_are_left_out() -> None:
    run = run_of(answered=["a"], unjudged=["a"], hopeless=["a"])
    values = per_query(run, qrels_of(answered={"a": 1}, forgotten={"b": 1}, hopeless={"a": 0}), ["nDCG@10", "R@100"])
    assert values.to_dict("list") == {
        "query_id": ["answered", "answered", "forgotten", "forgotten"],
        "measure": ["nDCG@10", "R@100", "nDCG@10", "R@100"],
        "value": [1.0, 1.0, 0.0, 0.0],
    }


def test_invalid_input_is_an_error() -> None:
    with pytest.raises(UserError, match="unknown measure 'MAP'"):
        per_query(run_of(q=["a"]), qrels_of(q={"a": 1}), ["MAP"])
    with pytest.raises(UserError, match="document 'a' twice for query 'q'"):
        per_query(run_of(q=["a", "a"]), qrels_of(q={"a": 1}), ["R@10"])


def test_a_thousand_queries_take_less_than_two_seconds() -> None:
    names = [f"document-{i}" for i in range(100)]
    queries = np.repeat([f"query-{i}" for i in range(1000)], 100)
    run = pd.DataFrame({"query_id": queries, "doc_id": names * 1000, "rank": list(range(1, 101)) * 1000})
    qrels = pd.DataFrame({"query_id": run["query_id"].unique(), "doc_id": "document-3", "relevance": 1})
    start = time.process_time()
    values = per_query(run, qrels, ["nDCG@10", "R@100", "RR@10"])
    assert time.process_time() - start < 2
    assert values["value"].groupby(values["measure"]).mean().to_dict() == pytest.approx(
        {"nDCG@10": 1 / log2(5), "R@100": 1, "RR@10": 1 / 4}
    )
