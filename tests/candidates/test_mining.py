"""Mining against a plain version of itself: filter, positives and order, in blocks of any size."""

import random
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from fixed_retriever import FixedRetriever, plain_collection
from listill.candidates import mining
from listill.candidates.mining import mine
from listill.candidates.pool import POSITIVE
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
# Of topics: one with two documents, one whose document is its source, one of which the queries know nothing.
JUDGED = pd.DataFrame(
    [("q00", 3, "d3"), ("q00", 9, "d9"), ("q05", int(SOURCE[5]), "x"), ("elsewhere", 2, "d2")],
    columns=["query_id", "document", "doc_id"],
)


@pytest.fixture(scope="module")
def retrievers(collection: Collection) -> list[FixedRetriever]:
    draw = random.Random(2)
    answers = [
        {f"text {i}": draw.sample(range(DOCUMENTS), draw.choice([0, 2, 6])) for i in range(QUERIES)} for _ in range(2)
    ]
    return [FixedRetriever(name, collection, one) for name, one in zip(("zeta", "alpha"), answers, strict=True)]


def naive(
    queries: pd.DataFrame, retrievers: Sequence[FixedRetriever], collection: Collection, require: str, top: int
) -> tuple[list[tuple[str, str, str, int]], list[bool]]:
    """Return rows (query_id, doc_id, retriever, rank) and which queries are kept, query by query."""
    rows, kept = [], []
    for i, (query_id, text, kind) in enumerate(queries.itertuples(index=False)):
        found = {one.name: list(one.answers[text])[:DEPTH] for one in retrievers}
        again = [
            any(collection.group[d] == collection.group[SOURCE[i]] for d in documents[:top])
            for documents in found.values()
        ]
        keep = require == "none" or (all(again) if require == "each" else any(again)) or kind == "human"
        kept.append(keep)
        if not keep:
            continue
        positives = {int(SOURCE[i]), *JUDGED.loc[JUDGED["query_id"] == query_id, "document"]}
        found[POSITIVE] = sorted(positives - {d for documents in found.values() for d in documents})
        for name in sorted(found):
            for rank, document in enumerate(found[name], 1):
                rows.append((query_id, f"d{document}", name, 0 if name == POSITIVE else rank))
    return rows, kept


@pytest.mark.parametrize("block", [1, 7, 100])
@pytest.mark.parametrize("require", ["any", "each", "student", "none"])
def test_against_a_plain_version(
    queries: pd.DataFrame,
    retrievers: list[FixedRetriever],
    collection: Collection,
    require: str,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mining, "QUERY_BLOCK", block)
    rule = Consistency.model_validate({"top": 3, "require": require})
    rows, kept = naive(queries, retrievers, collection, require, 3)
    used: list[Retriever] = [*retrievers]
    blocks = list(mine(queries, SOURCE, JUDGED, used, collection, rule, DEPTH))
    assert [len(one.kept) for one in blocks] == [min(block, QUERIES - start) for start in range(0, QUERIES, block)]
    assert np.concatenate([one.kept for one in blocks]).tolist() == kept
    found = pd.concat([one.candidates for one in blocks])
    columns = ["query_id", "doc_id", "retriever", "rank"]
    assert list(found[columns].itertuples(index=False, name=None)) == rows
    assert (found["score"].isna() == (found["retriever"] == POSITIVE)).all()
    assert 0 < sum(kept) < QUERIES or require == "none"


def test_no_queries(queries: pd.DataFrame, retrievers: list[FixedRetriever], collection: Collection) -> None:
    assert list(mine(queries[:0], SOURCE[:0], JUDGED, retrievers, collection, Consistency(), DEPTH)) == []
