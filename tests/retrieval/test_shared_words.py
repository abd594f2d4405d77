"""The early check whether BM25 can find the relevant documents."""

import pytest

from listill.retrieval.shared_words import SAMPLE, warn_of_unlike_topics
from listill.settings.bm25 import Bm25


def check(topics: list[str], texts: list[str], relevance: int = 1) -> None:
    """Check topics, each of which has one relevant document."""
    doc_ids, query_ids = [f"d{i}" for i in range(len(texts))], [f"q{i}" for i in range(len(topics))]
    corpus = {"doc_id": doc_ids, "title": [None] * len(texts), "text": texts}
    qrels = {"query_id": query_ids, "doc_id": doc_ids, "relevance": [relevance] * len(topics)}
    warn_of_unlike_topics(corpus, {"query_id": query_ids, "text": topics}, qrels, "{title} {text}", Bm25())


def test_topics_without_words_of_their_documents_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    check(["lava", "the ash", "the bread"], ["hot lava", "the volcano", "the oven"])  # stop words do not count
    assert "only 1 of 3 topics share a word with a relevant document" in caplog.text
    assert "set it as corpora.<name>.language" in caplog.text


@pytest.mark.parametrize(
    ("topics", "texts", "relevance"),
    [
        (["lava", "ashes", "bread"], ["hot lava", "ash", "the oven"], 1),
        (["火山的熔岩"], ["没有熔岩"], 1),
        (["lava"], ["bread"], 0),  # judged, but not relevant
        ([], [], 1),
    ],
)
def test_no_warning(topics: list[str], texts: list[str], relevance: int, caplog: pytest.LogCaptureFixture) -> None:
    check(topics, texts, relevance)
    assert caplog.text == ""


def test_of_many_topics_a_sample_is_compared(caplog: pytest.LogCaptureFixture) -> None:
    check(["x1"] * (SAMPLE + 1), ["y1"] * (SAMPLE + 1))
    assert f"only 0 of {SAMPLE} topics" in caplog.text
