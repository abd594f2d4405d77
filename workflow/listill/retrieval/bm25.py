"""BM25 as in Lucene, computed by bm25s or (to verify the scores) by rank_bm25.

The score of a document for a query is the sum over the query's terms t of

    idf(t) * tf / (tf + k1 * (1 - b + b * length / mean length)),   idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5))

(Lucene's BM25Similarity; Kamphuis et al. 2020, "Which BM25 do you mean?").
"""

import logging
import os
from collections import Counter

# If JAX is installed, bm25s starts it when it is imported, though listill does not use it. On a GPU, JAX would take three
# quarters of the memory.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import bm25s
import numpy as np

from listill import words
from listill.corpus.collection import Collection
from listill.retrieval.retriever import Retriever
from listill.retrieval.search import SLACK, top_k
from listill.retrieval.tokens import Tokens
from listill.settings.bm25 import Bm25

log = logging.getLogger("listill")

# Share of the queries below which there is a warning, because something is wrong with words and not with documents.
ENOUGH = 0.5
REMEDY = (
    "if queries and documents are in one language, set it as corpora.<name>.language, or mining.bm25.stemmer and "
    "mining.bm25.stopwords"
)


def tokenise(texts: list[str], settings: Bm25) -> list[list[str]]:
    """Return the stemmed terms of each text, without stop words and single characters."""
    import Stemmer

    return bm25s.tokenize(
        [" ".join(words.terms(text.lower())) for text in texts],
        token_pattern=r"\S\S+",
        stopwords=settings.stopwords or [],
        stemmer=Stemmer.Stemmer(settings.stemmer) if settings.stemmer else None,
        return_ids=False,
        show_progress=False,
    )


class Bm25Index:
    """An index over all documents of a corpus."""

    def __init__(self, texts: list[str], settings: Bm25) -> None:
        """Tokenise and index ``texts``. Results refer to document i by its position i."""
        self.settings = settings
        self._documents = self.tokenise(texts)
        self._df = Counter(term for tokens in self._documents for term in set(tokens))
        self._mean_length = float(np.mean([len(tokens) for tokens in self._documents])) or 1.0
        self._scorer = (_rank_bm25 if settings.library == "rank_bm25" else _bm25s)(self._documents, settings)

    def tokenise(self, texts: list[str]) -> list[list[str]]:
        """Return the terms of each text (see ``tokenise``)."""
        return tokenise(texts, self.settings)

    def scores(self, terms: list[str]) -> np.ndarray:
        """Return the score of every document [n] (float32)."""
        return self._scorer(terms)

    def search(self, queries: list[str], k: int, id_order: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return for each query the positions and scores of at most k documents that share a term with it."""
        positions, scores = [], []
        for terms in self.tokenise(queries):
            all_scores = self.scores(terms)
            cutoff = min(k + SLACK, len(all_scores))
            best = np.argpartition(-all_scores, cutoff - 1)[:cutoff]
            best = best[all_scores[best] > 0]
            query_positions, query_scores = top_k(all_scores[best], best, k, id_order)
            positions.append(query_positions)
            scores.append(query_scores)
        return positions, scores

    def score_text(self, terms: list[str], text: str) -> float:
        """Return the score of a text that is not in the index, using the statistics of the index."""
        tokens = self.tokenise([text])[0]
        counts = Counter(tokens)
        length = len(tokens) / self._mean_length
        n = len(self._documents)
        total = 0.0
        for term in terms:
            if tf := counts[term]:
                idf = np.log(1 + (n - self._df[term] + 0.5) / (self._df[term] + 0.5))
                total += idf * tf / (tf + self.settings.k1 * (1 - self.settings.b + self.settings.b * length))
        return float(total)


class Bm25Retriever(Retriever):
    """BM25 over all documents of a collection."""

    def __init__(self, name: str, collection: Collection, settings: Bm25) -> None:
        super().__init__(name, collection)
        self.index = Bm25Index([collection.rendered(i) for i in range(len(collection))], settings)

    def search(self, queries: list[str] | Tokens, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return for each query the positions and scores of at most ``depth`` documents that share a term with it."""
        assert isinstance(queries, list)
        positions, scores = self.index.search(queries, depth, self.collection.id_order)
        answered = sum(len(found) > 0 for found in positions)
        if answered < ENOUGH * len(queries):
            log.warning("%s finds documents for only %d of %d queries: %s", self.name, answered, len(queries), REMEDY)
        return positions, scores


class _bm25s:
    def __init__(self, documents: list[list[str]], settings: Bm25) -> None:
        self._index = bm25s.BM25(k1=settings.k1, b=settings.b, method="lucene")
        # bm25s cannot index a corpus without a single term.
        self._index.index(documents if any(documents) else [[""]], show_progress=False)
        self._size = len(documents)

    def __call__(self, terms: list[str]) -> np.ndarray:
        known = [term for term in terms if term in self._index.vocab_dict]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._index.get_scores(known), dtype=np.float32)


class _rank_bm25:
    def __init__(self, documents: list[list[str]], settings: Bm25) -> None:
        from rank_bm25 import BM25Okapi

        class Lucene(BM25Okapi):
            """rank_bm25's scoring with Lucene's idf, which is never negative."""

            def _calc_idf(self, nd: dict[str, int]) -> None:
                for term, df in nd.items():
                    self.idf[term] = np.log(1 + (self.corpus_size - df + 0.5) / (df + 0.5))

        self._index = Lucene(documents, k1=settings.k1, b=settings.b)
        self._k1 = settings.k1

    def __call__(self, terms: list[str]) -> np.ndarray:
        # BM25Okapi multiplies by k1 + 1. Lucene omits this factor, which does not affect the order. BM25Okapi divides 0
        # by 0 for empty documents if b is 1, or if all documents are empty.
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(self._index.get_scores(terms) / (self._k1 + 1)).astype(np.float32)
