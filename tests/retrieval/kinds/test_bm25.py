"""An additional BM25 retriever with its own parameters."""

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval.bm25 import Bm25Retriever
from listill.retrieval.kinds.bm25 import AdditionalBm25
from listill.settings.bm25 import Bm25

TEXTS = ["red fox", "fox fox fox red hen hen hen", "blue hen"]


def test_search_uses_the_parameters_of_the_retriever() -> None:
    collection = Collection(list("abc"), [None] * 3, TEXTS, np.arange(3))
    settings = AdditionalBm25(kind="bm25", k1=2.0, b=1.0)
    retriever = settings.open("other", collection)
    assert retriever.name == "other"
    assert not settings.embeds
    assert settings.files() == []
    run = retriever.run(["q"], ["fox"], 3)
    expected = Bm25Retriever("same", collection, Bm25(k1=2.0, b=1.0)).run(["q"], ["fox"], 3)
    assert run.equals(expected)
    default = Bm25Retriever("default", collection, Bm25()).run(["q"], ["fox"], 3)
    assert not np.allclose(run["score"], default["score"])
