"""Mining against a naive implementation: filter, positives and order, in blocks of any size."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixed_retriever import FixedRetriever, plain_collection
from listill.candidates import retrieved
from listill.candidates.mining import mine
from listill.candidates.pool import POSITIVE
from listill.candidates.random_passages import RANDOM
from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.settings.mining import Consistency

QUERIES = 23
DOCUMENTS = 12
DEPTH = 4


@pytest.fixture(scope="module")
def collection() -> Collection:
    return plain_collection(DOCUMENTS, [0, 1, 1, 3, 4, 5, 6, 3, 8, 9, 10, 11])


@pytest.fixture(scope="module")
def queries() -> pd.DataFrame:
    rows = [(f"q{i:02}", f"text {i}", "human" if i % 5 == 0 else "claim") for i in range(QUERIES)]
    return pd.DataFrame(rows, columns=["query_id", "text", "type"])


SOURCE = np.random.default_rng(1).integers(0, DOCUMENTS, QUERIES)
# Judged topics: one with two documents, one whose document is its source, and one that is not among the queries.
JUDGED = pd.DataFrame(
    [("q00", 3, "d3"), ("q00", 9, "d9"), ("q05", int(SOURCE[5]), "x"), ("elsewhere", 2, "d2")],
    columns=["query_id", "document", "doc_id"],
)


@pytest.fixture(scope="module")
def retrievers(collection: Collection) -> list[FixedRetriever]:
    draw = random.Random(2)
    results = [
        {f"text {i}": draw.sample(range(DOCUMENTS), draw.choice([0, 2, 6])) for i in range(QUERIES)} for _ in range(2)
    ]
    names = ("zeta", "alpha")
    return [FixedRetriever(name, collection, by_text) for name, by_text in zip(names, results, strict=True)]


def by_name(retrievers: Sequence[Retriever]) -> dict[str, Callable[[], Retriever]]:
    return {retriever.name: lambda retriever=retriever: retriever for retriever in retrievers}


def naive(
    queries: pd.DataFrame, retrievers: Sequence[FixedRetriever], collection: Collection, require: str, top: int
) -> tuple[list[tuple[str, str, str, int]], list[bool]]:
    """Return rows (query_id, doc_id, retriever, rank) and which queries are kept, computed query by query."""
    rows, kept = [], []
    for i, (query_id, text, query_type) in enumerate(queries.itertuples(index=False)):
        candidates = {retriever.name: list(retriever.results[text])[:DEPTH] for retriever in retrievers}
        hits = [
            any(collection.group[d] == collection.group[SOURCE[i]] for d in documents[:top])
            for documents in candidates.values()
        ]
        keep = require == "none" or (all(hits) if require == "each" else any(hits)) or query_type == "human"
        kept.append(keep)
        if not keep:
            continue
        positives = {int(SOURCE[i]), *JUDGED.loc[JUDGED["query_id"] == query_id, "document"]}
        candidates[POSITIVE] = sorted(positives - {d for documents in candidates.values() for d in documents})
        for name in sorted(candidates):
            for rank, document in enumerate(candidates[name], 1):
                rows.append((query_id, f"d{document}", name, 0 if name == POSITIVE else rank))
    return rows, kept


@pytest.mark.parametrize("block", [1, 7, 100])
@pytest.mark.parametrize("require", ["any", "each", "student", "none"])
def test_mining_equals_the_naive_implementation(
    queries: pd.DataFrame,
    retrievers: list[FixedRetriever],
    collection: Collection,
    require: str,
    block: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrieved, "BLOCK", block)
    rule = Consistency.model_validate({"top": 3, "require": require})
    rows, kept = naive(queries, retrievers, collection, require, 3)
    results = list(mine(queries, SOURCE, JUDGED, by_name(retrievers), collection, rule, DEPTH, tmp_path))
    sizes = [min(block, QUERIES - start) for start in range(0, QUERIES, block)]
    assert [len(result.kept) for result in results] == sizes
    assert np.concatenate([result.kept for result in results]).tolist() == kept
    candidates = pd.concat([result.candidates for result in results])
    columns = ["query_id", "doc_id", "retriever", "rank"]
    assert list(candidates[columns].itertuples(index=False, name=None)) == rows
    assert (candidates["score"].isna() == (candidates["retriever"] == POSITIVE)).all()
    assert 0 < sum(kept) < QUERIES or require == "none"


def test_random_documents_pass_no_filter(
    queries: pd.DataFrame,
    retrievers: list[FixedRetriever],
    collection: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are added to the queries that the filter keeps, and are the same in blocks of any size."""
    rule = Consistency.model_validate({"top": 3, "require": "each"})

    def mined(random: int) -> tuple[pd.DataFrame, list[bool]]:
        members, work = by_name(retrievers), tmp_path / str(len(list(tmp_path.iterdir())))
        results = list(mine(queries, SOURCE, JUDGED, members, collection, rule, DEPTH, work, random, seed=1))
        kept = np.concatenate([result.kept for result in results]).tolist()
        candidates = pd.concat([result.candidates for result in results], ignore_index=True)
        return candidates.drop(columns="query"), kept  # its position in the block

    (plain, kept), (wider, kept_too) = mined(0), mined(2)
    assert kept_too == kept
    of_retrievers = wider[wider["retriever"] != RANDOM].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_retrievers, plain)
    added = wider[wider["retriever"] == RANDOM]
    assert added.groupby("query_id").size().to_dict() == dict.fromkeys(queries["query_id"][kept], 2)
    assert not added.duplicated(["query_id", "doc_id"]).any()
    monkeypatch.setattr(retrieved, "BLOCK", 4)
    pd.testing.assert_frame_equal(mined(2)[0], wider, check_dtype=False)


def test_no_queries(
    queries: pd.DataFrame, retrievers: list[FixedRetriever], collection: Collection, tmp_path: Path
) -> None:
    assert (
        list(mine(queries[:0], SOURCE[:0], JUDGED, by_name(retrievers), collection, Consistency(), DEPTH, tmp_path))
        == []
    )
