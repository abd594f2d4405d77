"""BM25, wherever it is used: candidates, teacher, evaluation."""

from typing import Literal

from pydantic import Field

from listill.section import Positive, Section, Share


class Bm25(Section):
    """BM25 as Lucene computes it."""

    library: Literal["bm25s", "rank_bm25"] = Field("bm25s", description="rank_bm25 is a slow, plain second opinion")
    k1: Positive = Field(0.9, description="how long further occurrences of a term add to the score; small: hardly")
    b: Share = Field(0.4, description="how much long documents are marked down; 0: not at all")
    stemmer: str | None = Field("english", description="a Snowball stemmer; null: none")
    stopwords: str | None = Field("en", description="a stop word list of bm25s; null: none")
