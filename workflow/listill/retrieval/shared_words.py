"""Whether BM25 can find the relevant documents of topics: an early check, without an index."""

import logging
import random
from typing import Any

from listill.corpus.collection import render
from listill.retrieval.bm25 import ENOUGH, REMEDY, tokenise
from listill.settings.bm25 import Bm25

log = logging.getLogger("listill")

SAMPLE = 500


def warn_of_unlike_topics(
    corpus: dict[str, list[Any]], topics: dict[str, list[Any]], qrels: dict[str, list[Any]], template: str, bm25: Bm25
) -> None:
    """Log a warning if most topics share no term with a relevant document; of many judgements, a sample is compared."""
    document = {doc_id: i for i, doc_id in enumerate(corpus["doc_id"])}
    text = dict(zip(topics["query_id"], topics["text"], strict=True))
    relevant = {
        query_id: document[doc_id]
        for query_id, doc_id, relevance in zip(qrels["query_id"], qrels["doc_id"], qrels["relevance"], strict=True)
        if relevance > 0 and query_id in text and doc_id in document
    }
    chosen = random.Random(0).sample(sorted(relevant), min(SAMPLE, len(relevant)))
    places = [relevant[query_id] for query_id in chosen]
    documents = [render(template, corpus["title"][i], corpus["text"][i]) for i in places]
    pairs = zip(tokenise([text[query_id] for query_id in chosen], bm25), tokenise(documents, bm25), strict=True)
    alike = sum(not set(query).isdisjoint(found) for query, found in pairs)
    if alike < ENOUGH * len(chosen):
        log.warning(
            "only %d of %d topics share a word with a relevant document, so BM25 cannot find them: %s",
            alike,
            len(chosen),
            REMEDY,
        )
