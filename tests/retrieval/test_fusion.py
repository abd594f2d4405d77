"""Reciprocal rank fusion against values computed by hand."""

import pandas as pd
import pytest

from listill.retrieval.fusion import reciprocal_rank


def run(**rankings: list[str]) -> pd.DataFrame:
    rows = [(query, doc, rank, 1.0 / rank) for query, docs in rankings.items() for rank, doc in enumerate(docs, 1)]
    return pd.DataFrame(rows, columns=["query_id", "doc_id", "rank", "score"])


def test_scores_of_a_fused_run() -> None:
    fused = reciprocal_rank([run(q=["a", "b", "c"], r=["x"]), run(q=["c", "a", "d"])], k=60, depth=3)
    assert fused[["query_id", "doc_id", "rank"]].to_numpy().tolist() == [
        ["q", "a", 1],
        ["q", "c", 2],
        ["q", "b", 3],
        ["r", "x", 1],
    ]
    assert fused["score"].tolist() == pytest.approx([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62, 1 / 61])


def test_ties_are_ordered_by_doc_id_and_k_affects_the_order() -> None:
    first, second = run(q=["b", "a"]), run(q=["a", "b"])
    assert reciprocal_rank([first, second], 60, 5)["doc_id"].tolist() == ["a", "b"]
    # c is third in both runs; a and d are first in one run each, which counts more with a small k.
    uneven = [run(q=["a", "b", "c"]), run(q=["d", "e", "c"])]
    assert reciprocal_rank(uneven, 60, 2)["doc_id"].tolist() == ["c", "a"]
    assert reciprocal_rank(uneven, 0.5, 2)["doc_id"].tolist() == ["a", "d"]
