"""Queries extracted from the passages themselves, without a model.

- ``title``: the title of the passage.
- ``keyphrases``: the words and word pairs of the passage with the highest tf-idf.
- ``lead``: the first sentence, which often summarises the text.
- ``cloze``: another sentence, drawn at random (Inverse Cloze Task, Lee et al. 2019, arXiv 1906.00300).
- ``crop``: a random span of words (independent cropping, Izacard et al. 2022, arXiv 2112.09118).

The position of lead, cloze and crop queries is recorded, so that their text can be removed from the passage for
training. Some of their words are dropped (word deletion, Wei and Zou 2019, arXiv 1901.11196). The words of titles and
key phrases stay in the passage, so that a student may learn to match words only; key phrases made students worse
(docs/results.md). The default types are therefore those whose text is removed.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from listill.queries.generator import Generator
from listill.section import Count, Share

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection


class Extractive(Generator):
    """Queries extracted from the passages themselves, without a model."""

    kind: Literal["extractive"] = Field(description="queries extracted from the passages, without a model")
    types: dict[Literal["title", "keyphrases", "cloze", "lead", "crop"], Count] = Field(
        {"lead": 1, "cloze": 1},
        min_length=1,
        description="query types, and the number of queries of each type per passage. The words of `title` and "
        "`keyphrases` queries stay in the passage in training",
    )
    dropout: Share = Field(0.2, description="share of the words of a sentence or crop that are dropped")
    crop_words: tuple[Count, Count] = Field((5, 12), description="minimum and maximum number of words of a crop")
    phrases: Count = Field(4, description="number of key phrases in a keyphrases query")

    @model_validator(mode="after")
    def _in_order(self) -> "Extractive":
        if self.crop_words[0] > self.crop_words[1]:
            raise ValueError(
                f"crop_words: the minimum ({self.crop_words[0]}) is above the maximum ({self.crop_words[1]}): swap them"
            )
        return self

    def query_types(self) -> set[str]:
        """Return the types of its queries."""
        return {*self.types}

    def generate(self, collection: "Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return the queries of the given passages.

        Each query is seeded by (seed, doc_id, type, n), so it does not depend on the other queries.
        """
        from listill.queries.extraction import extracts, frame

        queries = frame(extracts(self, collection, passages, seed))
        return queries.assign(generator="extractive", prompt=None, seed=seed, finish_reason=None)
