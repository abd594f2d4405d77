"""The index of bm25s in shards, each of some of the documents, with the statistics of the whole corpus.

bm25s indexes a corpus as a list of lists of Python integers. Here the terms of a shard are counted with NumPy, and become
scores when the statistics of all documents are known: no more than the terms of one shard are in memory at a time, besides
8 bytes for each distinct term of each document. A shard's scores of all its documents fit into the cache of a processor.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import bm25s
import numpy as np

from listill.settings.bm25 import Bm25

# Documents per shard.
SHARD = 131_072


@dataclass(frozen=True)
class Counts:
    """How often each term is in each document of a shard. Term t is in ``documents[starts[t] : starts[t + 1]]``.

    ``lengths`` are the numbers of terms of the documents.
    """

    starts: np.ndarray
    documents: np.ndarray
    frequencies: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, terms: np.ndarray, lengths: np.ndarray) -> "Counts":
        """Return the counts of documents whose term numbers are concatenated in ``terms``."""
        documents = len(lengths)
        keys = terms.astype(np.int64) * documents + np.repeat(np.arange(documents), lengths)
        keys, frequencies = np.unique(keys, return_counts=True)
        number_of_terms = int(keys[-1]) // documents + 1 if len(keys) else 0
        starts = np.searchsorted(keys, np.arange(number_of_terms + 1) * documents)
        return cls(starts, (keys % documents).astype(np.int32), frequencies.astype(np.float32), lengths)

    def document_frequencies(self, terms: int) -> np.ndarray:
        """Return the number of documents with each of the first ``terms`` terms (int64 [terms])."""
        return np.pad(np.diff(self.starts), (0, terms - len(self.starts) + 1))


class Shard(bm25s.BM25):
    """bm25s over the documents from ``first`` on; ``idf`` [terms] and ``mean_length`` are those of the whole corpus."""

    def __init__(self, counts: Counts, first: int, idf: np.ndarray, mean_length: float, settings: Bm25) -> None:
        super().__init__(k1=settings.k1, b=settings.b, method="lucene")
        self.first, self.nonoccurrence_array = first, None
        tf = counts.frequencies
        norms = self.k1 * (1 - self.b + self.b * counts.lengths / mean_length)
        scores = tf / (norms[counts.documents] + tf)
        scores *= np.repeat(idf[: len(counts.starts) - 1], np.diff(counts.starts))
        self.scores = {
            "data": scores.astype(np.float32),
            "indices": counts.documents,
            "indptr": counts.starts,
            "num_docs": len(counts.lengths),
        }

    def __call__(self, terms: np.ndarray) -> np.ndarray:
        """Return the scores of all documents of the shard (float32) for a query with these term numbers."""
        known = terms[terms < len(self.scores["indptr"]) - 1]
        if not len(known):
            return np.zeros(self.scores["num_docs"], np.float32)
        scores: np.ndarray = self.get_scores_from_ids(known)
        return scores


class Shards:
    """An index of documents, given as blocks of (term numbers, concatenated; number of terms of each document)."""

    def __init__(self, blocks: Iterable[tuple[np.ndarray, np.ndarray]], settings: Bm25) -> None:
        counts = [Counts.of(*block) for block in in_shards(blocks)]
        self.documents = sum(len(shard.lengths) for shard in counts)
        terms = max((len(shard.starts) - 1 for shard in counts), default=0)
        self.document_frequencies = sum(
            (shard.document_frequencies(terms) for shard in counts), start=np.zeros(terms, np.int64)
        )
        all_terms = sum(int(shard.lengths.sum()) for shard in counts)
        self.mean_length = all_terms / max(1, self.documents) or 1.0
        weights = idf(self.document_frequencies, self.documents).astype(np.float32)
        firsts = np.cumsum([0, *(len(shard.lengths) for shard in counts)]).tolist()
        self.shards: list[Shard] = []
        while counts:  # the counts of a shard are freed when it has its scores
            first = firsts[len(self.shards)]
            self.shards.append(Shard(counts.pop(0), first, weights, self.mean_length, settings))


def idf(document_frequencies: np.ndarray, documents: int) -> np.ndarray:
    """Return Lucene's idf of terms (float64), which is never negative."""
    weights: np.ndarray = np.log(1 + (documents - document_frequencies + 0.5) / (document_frequencies + 0.5))
    return weights


def in_shards(blocks: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of documents joined into shards of about ``SHARD`` documents."""
    joined: list[tuple[np.ndarray, np.ndarray]] = []
    for block in blocks:
        joined.append(block)
        if sum(len(lengths) for _, lengths in joined) >= SHARD:
            yield np.concatenate([terms for terms, _ in joined]), np.concatenate([lengths for _, lengths in joined])
            joined = []
    if joined:
        yield np.concatenate([terms for terms, _ in joined]), np.concatenate([lengths for _, lengths in joined])
