"""A toy generator: the query of a passage is its first words, which are removed from it in training."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.queries.generator import Generator
from listill.section import Count

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection


class FirstWords(Generator):
    """The first words of a passage."""

    kind: Literal["first_words"] = Field(description="the first words of a passage")
    words: Count = Field(5, description="words of a query")

    def generate(self, collection: "Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return one query per passage."""
        import pandas as pd

        rows = []
        for i in passages:
            query = " ".join(collection.texts[i].split(" ")[: self.words])
            rows.append((f"{collection.doc_ids[i]}:first", query, collection.doc_ids[i], 0, len(query)))
        frame = pd.DataFrame(rows, columns=["query_id", "text", "doc_id", "start", "end"])
        frame = frame.assign(type="first", generator="first_words", prompt=None, seed=seed, finish_reason=None)
        return frame.astype({"start": "Int32", "end": "Int32"})
