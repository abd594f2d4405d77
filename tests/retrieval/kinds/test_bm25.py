"""An additional BM25: parameters of its own."""

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval.bm25 import Bm25Retriever
from listill.retrieval.kinds.bm25 import AdditionalBm25
from listill.settings.bm25 import Bm25

TEXTS = ["red fox", "fox fox fox red hen hen hen", "blue hen"]


def test_it_searches_with_its_own_parameters() -> None:
    collection = Collection(list("abc"), [None] * 3, TEXTS, np.arange(3))
    settings = AdditionalBm25(kind="bm25", k1=2.0, b=1.0)
    retriever = settings.open("other", collection)
    assert retriever.name == "other"
    assert not settings.embeds
    assert settings.files() == []
    found = retriever.run(["q"], ["fox"], 3)
    own = Bm25Retriever("own", collection, Bm25(k1=2.0, b=1.0)).run(["q"], ["fox"], 3)
    assert found.equals(own)
    assert not np.allclose(found["score"], Bm25Retriever("default", collection, Bm25()).run(["q"], ["fox"], 3)["score"])
