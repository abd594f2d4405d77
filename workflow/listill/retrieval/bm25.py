"""BM25 as in Lucene, computed by bm25s or (to verify the scores) by rank_bm25.

The score of a document for a query is the sum over the query's terms t of

    idf(t) * tf / (tf + k1 * (1 - b + b * length / mean length)),   idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5))

(Lucene's BM25Similarity; Kamphuis et al. 2020, "Which BM25 do you mean?").
"""

import itertools
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

# If JAX is installed, bm25s starts it when it is imported, though listill does not use it. On a GPU, JAX would take three
# quarters of the memory.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import bm25s
import numpy as np

from listill import words
from listill.corpus.collection import Collection
from listill.retrieval.bm25_shards import Shards, idf
from listill.retrieval.retriever import Retriever
from listill.retrieval.search import SLACK, top_k
from listill.retrieval.tokens import Tokens
from listill.settings.bm25 import Bm25
from listill.strings import blocks

log = logging.getLogger("listill")

# Documents per group in the choice of the best ones.
GROUP = 64
SMALLEST = np.nextafter(np.float32(0), np.float32(1))

# Share of the queries below which there is a warning, because something is wrong with words and not with documents.
ENOUGH = 0.5
REMEDY = (
    "if queries and documents are in one language, set it as corpora.<name>.language, or mining.bm25.stemmer and "
    "mining.bm25.stopwords"
)


def tokenise(texts: list[str], settings: Bm25) -> list[list[str]]:
    """Return the stemmed terms of each text, without stop words and single characters."""
    tokens = _tokenise(texts, settings, return_ids=False)
    assert isinstance(tokens, list)
    return tokens


def _tokenise(texts: Iterable[str], settings: Bm25, return_ids: bool) -> Any:
    import Stemmer

    return bm25s.tokenize(
        [" ".join(words.terms(text.lower())) for text in texts],
        token_pattern=r"\S\S+",
        stopwords=settings.stopwords or [],
        stemmer=Stemmer.Stemmer(settings.stemmer) if settings.stemmer else None,
        return_ids=return_ids,
        show_progress=False,
    )


class Bm25Index:
    """An index over all documents of a corpus."""

    def __init__(self, texts: Iterable[str], settings: Bm25) -> None:
        """Tokenise and index ``texts``, of which a block is in memory. Results refer to document i by its position i."""
        self.settings = settings
        self._vocabulary: dict[str, int] = {}
        self._scorer = (_rank_bm25 if settings.library == "rank_bm25" else _bm25s)(texts, self)

    def tokenise(self, texts: list[str]) -> list[list[str]]:
        """Return the terms of each text (see ``tokenise``)."""
        return tokenise(texts, self.settings)

    def numbered(self, texts: Iterable[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the term numbers of blocks of documents, concatenated (int32), and how many each document has (int64)."""
        for block in blocks(texts):
            ids, vocabulary = _tokenise(block, self.settings, return_ids=True)
            numbers = np.zeros(max(vocabulary.values(), default=0) + 1, np.int32)
            used = np.unique(np.fromiter(itertools.chain.from_iterable(ids), np.int64))
            term_of = {number: term for term, number in vocabulary.items()}
            numbers[used] = [
                self._vocabulary.setdefault(term_of[number], len(self._vocabulary)) for number in used.tolist()
            ]
            yield (
                numbers[np.fromiter(itertools.chain.from_iterable(ids), np.int64)],
                np.array([len(row) for row in ids]),
            )

    def numbers(self, terms: list[str]) -> np.ndarray:
        """Return the numbers of those terms that are in the corpus (int64)."""
        return np.array([self._vocabulary[term] for term in terms if term in self._vocabulary], dtype=np.int64)

    def scores(self, terms: list[str]) -> np.ndarray:
        """Return the score of every document [n] (float32)."""
        return np.concatenate([scores for _, scores in self._scorer(terms)])

    def search(self, queries: list[str], k: int, id_order: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return for each query the positions and scores of at most k documents that share a term with it."""
        positions, scores = [], []
        for terms in self.tokenise(queries):
            found, found_scores = [], []
            for first, shard_scores in self._scorer(terms):
                best = best_candidates(shard_scores, k + SLACK)
                found.append(best + first)
                found_scores.append(shard_scores[best])
            query_positions, query_scores = top_k(np.concatenate(found_scores), np.concatenate(found), k, id_order)
            positions.append(query_positions)
            scores.append(query_scores)
        return positions, scores

    def score_text(self, terms: list[str], text: str) -> float:
        """Return the score of a text that is not in the index, using the statistics of the index."""
        tokens = self.tokenise([text])[0]
        counts = Counter(tokens)
        scorer = self._scorer
        length = len(tokens) / scorer.mean_length
        total = 0.0
        for term in terms:
            if tf := counts[term]:
                weight = float(idf(np.array(scorer.document_frequency(term)), scorer.documents))
                total += weight * tf / (tf + self.settings.k1 * (1 - self.settings.b + self.settings.b * length))
        return total


def best_candidates(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the positions of at least the k best positive ``scores`` [n], or of all if there are fewer; unordered.

    Each of k groups of documents has one that scores at least the k-th best of the groups' maxima, so that all others
    can be left out without a partition of all scores.
    """
    groups = len(scores) // GROUP
    bound = np.float32(0)
    if groups >= k:
        maxima = scores[: groups * GROUP].reshape(GROUP, groups).max(axis=0)
        bound = np.partition(maxima, groups - k)[groups - k]
    found: np.ndarray = np.flatnonzero(scores >= max(bound, SMALLEST))
    return found


class Bm25Retriever(Retriever):
    """BM25 over all documents of a collection."""

    def __init__(self, name: str, collection: Collection, settings: Bm25) -> None:
        super().__init__(name, collection)
        self.index = Bm25Index(collection.all_rendered(), settings)

    def search(self, queries: list[str] | Tokens, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return for each query the positions and scores of at most ``depth`` documents that share a term with it."""
        assert isinstance(queries, list)
        positions, scores = self.index.search(queries, depth, self.collection.id_order)
        answered = sum(len(found) > 0 for found in positions)
        if answered < ENOUGH * len(queries):
            log.warning("%s finds documents for only %d of %d queries: %s", self.name, answered, len(queries), REMEDY)
        return positions, scores


class _bm25s:
    """bm25s in shards; calling it yields (first document, scores of the shard's documents)."""

    def __init__(self, texts: Iterable[str], index: Bm25Index) -> None:
        self._index = index
        self._shards = Shards(index.numbered(texts), index.settings)
        self.documents, self.mean_length = self._shards.documents, self._shards.mean_length

    def document_frequency(self, term: str) -> int:
        numbers = self._index.numbers([term])
        return int(self._shards.document_frequencies[numbers[0]]) if len(numbers) else 0

    def __call__(self, terms: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        numbers = self._index.numbers(terms)
        for shard in self._shards.shards:
            yield shard.first, shard(numbers)


class _rank_bm25:
    def __init__(self, texts: Iterable[str], index: Bm25Index) -> None:
        from rank_bm25 import BM25Okapi

        documents, settings = index.tokenise(list(texts)), index.settings
        self.documents = len(documents)
        self.mean_length = float(np.mean([len(tokens) for tokens in documents])) or 1.0
        self._frequencies = Counter(term for tokens in documents for term in set(tokens))

        class Lucene(BM25Okapi):
            """rank_bm25's scoring with Lucene's idf, which is never negative."""

            def _calc_idf(self, nd: dict[str, int]) -> None:
                for term, df in nd.items():
                    self.idf[term] = float(idf(np.array(df), self.corpus_size))

        self._index = Lucene(documents, k1=settings.k1, b=settings.b)
        self._k1 = settings.k1

    def document_frequency(self, term: str) -> int:
        return self._frequencies[term]

    def __call__(self, terms: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        # BM25Okapi multiplies by k1 + 1. Lucene omits this factor, which does not affect the order. BM25Okapi divides 0
        # by 0 for empty documents if b is 1, or if all documents are empty.
        with np.errstate(invalid="ignore"):
            yield 0, np.nan_to_num(self._index.get_scores(terms) / (self._k1 + 1)).astype(np.float32)
