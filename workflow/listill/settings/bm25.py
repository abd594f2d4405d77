"""BM25, wherever it is used: candidates, teacher, evaluation."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from listill.errors import nearest
from listill.languages import STOP_WORDS, stemmer, stop_words
from listill.section import Positive, Section, Share


def _stemmer(name: str) -> str:
    import Stemmer

    if name not in (known := Stemmer.algorithms()):
        raise ValueError(
            f"unknown Snowball stemmer '{name}'{nearest(name, known)}; known stemmers: {', '.join(known)}; null: none"
        )
    return name


def _stopwords(name: str) -> str:
    if name not in (known := [*STOP_WORDS, *STOP_WORDS.values()]):
        raise ValueError(
            f"unknown stop word list '{name}'{nearest(name, known)}; known lists: {', '.join(known)}; null: none"
        )
    return name


class Bm25(Section):
    """BM25 as Lucene computes it."""

    library: Literal["bm25s", "rank_bm25"] = Field(
        "bm25s", description="the library; rank_bm25 is slow and serves as a reference"
    )
    k1: Positive = Field(
        0.9, description="saturation of term frequency: with a small value further occurrences of a term add little"
    )
    b: Share = Field(0.4, description="length normalisation; 0: none")
    stemmer: Annotated[str, AfterValidator(_stemmer)] | None = Field(
        "english",
        description="name of a Snowball stemmer; null: none. If it is not set: that of the corpus's `language`",
    )
    stopwords: Annotated[str, AfterValidator(_stopwords)] | None = Field(
        "en",
        description="name of a stop word list of bm25s; null: none. If it is not set: that of the corpus's `language`",
    )

    def in_language(self, language: str) -> Self:
        """Return the settings with the stemmer and the stop words of a language, unless they are set."""
        of_language = {"stemmer": stemmer(language), "stopwords": stop_words(language)}
        return self.model_copy(update={key: of_language[key] for key in of_language.keys() - self.model_fields_set})
