"""BM25 in shards: the scores of bm25s over the whole corpus, whatever the shards."""

import bm25s
import numpy as np
import pytest

from listill.retrieval import bm25_shards
from listill.retrieval.bm25 import Bm25Index, best_candidates
from listill.retrieval.bm25_shards import Counts, idf, in_shards
from listill.settings.bm25 import Bm25
from skewed_texts import skewed_texts


@pytest.fixture(scope="module")
def texts() -> list[str]:
    texts = skewed_texts(20_000, 80, (0, 30), seed=5)
    texts[-1] = "onlyhere word1"  # a term that no other shard has
    return texts


@pytest.mark.parametrize("shard", [1, 9000, 1_000_000])
def test_scores_are_those_of_bm25s(texts: list[str], shard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bm25_shards, "SHARD", shard)
    index = Bm25Index(iter(texts), Bm25())
    whole = bm25s.BM25(k1=0.9, b=0.4, method="lucene")
    whole.index(index.tokenise(texts), show_progress=False)
    for terms in index.tokenise(["word3 word70 word3", "onlyhere word2", "word0"]):
        np.testing.assert_array_equal(index.scores(terms), whole.get_scores(terms))
    assert not index.scores(["unheard"]).any()


def test_results_do_not_depend_on_the_shards(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    queries = ["word3 word70", "onlyhere", "word0", "word79 word78", ""]
    id_order = np.random.default_rng(0).permutation(len(texts))
    whole = Bm25Index(texts, Bm25()).search(queries, 30, id_order)
    monkeypatch.setattr(bm25_shards, "SHARD", 5000)
    parts = Bm25Index(texts, Bm25()).search(queries, 30, id_order)
    for one, other in zip([*whole[0], *whole[1]], [*parts[0], *parts[1]], strict=True):
        np.testing.assert_array_equal(one, other)


def test_counts() -> None:
    counts = Counts.of(np.array([3, 1, 3, 0, 3], np.int32), np.array([3, 0, 2]))
    assert counts.starts.tolist() == [0, 1, 2, 2, 4]
    assert counts.documents.tolist() == [2, 0, 0, 2]
    assert counts.frequencies.tolist() == [1, 1, 2, 1]
    assert counts.document_frequencies(6).tolist() == [1, 1, 0, 2, 0, 0]
    empty = Counts.of(np.empty(0, np.int32), np.zeros(2, np.int64))
    assert empty.starts.tolist() == [0]
    assert empty.document_frequencies(2).tolist() == [0, 0]


def test_blocks_are_joined_into_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bm25_shards, "SHARD", 3)
    blocks = [(np.array([i, i]), np.array([1, 1])) for i in range(5)]
    joined = [(terms.tolist(), len(lengths)) for terms, lengths in in_shards(blocks)]
    assert joined == [([0, 0, 1, 1], 4), ([2, 2, 3, 3], 4), ([4, 4], 2)]


def test_the_best_are_among_the_candidates() -> None:
    draw = np.random.default_rng(0)
    for size in (1, 63, 64, 1000, 6400, 10_000):
        scores = draw.integers(0, 50, size).astype(np.float32) * (draw.random(size) < draw.random())
        for k in (1, 10, 100):
            found = best_candidates(scores, k)
            positive = np.flatnonzero(scores > 0)
            best = positive[np.argsort(-scores[positive], kind="stable")[:k]]
            assert set(found) >= set(positive[scores[positive] > scores[best].min(initial=np.inf)])
            assert len(found) >= len(best)
            assert (scores[found] > 0).all()


def test_idf_is_never_negative() -> None:
    assert (idf(np.arange(11), 10) > 0).all()
