"""BM25, wherever it is used: candidates, teacher, evaluation."""

from typing import Literal

from pydantic import Field

from listill.section import Positive, Section, Share


class Bm25(Section):
    """BM25 as Lucene computes it."""

    library: Literal["bm25s", "rank_bm25"] = Field(
        "bm25s", description="the library; rank_bm25 is slow and serves as a reference"
    )
    k1: Positive = Field(
        0.9, description="saturation of term frequency: with a small value further occurrences of a term add little"
    )
    b: Share = Field(0.4, description="length normalisation; 0: none")
    stemmer: str | None = Field("english", description="name of a Snowball stemmer; null: none")
    stopwords: str | None = Field("en", description="name of a stop word list of bm25s; null: none")
