"""The corpora: where documents come from and how they are read."""

import string
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from listill.families import union
from listill.languages import Language
from listill.section import Count, Section, Share

if TYPE_CHECKING:
    from listill.corpus.source import Source as AnySource
else:
    AnySource = union("sources")


# The default of `min_dev_topics`. With differences drawn from those of the demo (0.13 on average, standard deviation 0.30),
# the base model is kept, though training helped, with a probability of 0.57 by 1 dev topic, of 0.21 by 4, of 0.00 by 30
# (benchmarks/verdict.py).
MIN_DEV_TOPICS = 30


class Corpus(Section):
    """One corpus: where it comes from and how its documents are read."""

    source: AnySource = Field(description="where documents, topics and judgements come from")
    template: str = Field(
        "{title} {text}", description="how title and text make up a document; the same in every stage"
    )
    language: Language = Field(
        "english",
        description="the language of the documents: it decides the stemmer and the stop words of BM25 and the stop words of "
        "key phrases. Sentences and words are told by their script",
    )
    empty_text: Literal["error", "title", "keep"] = Field(
        "error",
        description="what happens to a document without text. error: the run stops; title: it is kept if it has a title; "
        "keep: it is kept, but gets no queries",
    )
    dev_share: Share = Field(
        0.2, description="share of the train topics that become dev topics, if there are no dev topics"
    )
    heldout: int = Field(
        100,
        ge=0,
        description="number of passages held out of training for synthetic test queries; as many again for synthetic dev "
        "queries, if there are fewer dev topics than `min_dev_topics`",
    )
    min_dev_topics: int = Field(
        MIN_DEV_TOPICS,
        ge=0,
        description="if there are fewer judged dev topics, synthetic queries of held-out passages join them; together these "
        "weigh as much as the missing topics",
    )
    topics_are_documents: bool = Field(
        False,
        description="whether topics are documents with the same id (ArguAna); the document is then removed from the "
        "candidates and runs of its own topic",
    )
    passages: Count | None = Field(
        None, description="number of passages that get queries; default: `generation.passages`"
    )
    passages_from: Literal["all", "relevant"] = Field(
        "all", description="which passages get queries: all, or those that are relevant to a human train topic"
    )

    @field_validator("template")
    @classmethod
    def _title_and_text(cls, template: str) -> str:
        try:
            fields = [part[1:] for part in string.Formatter().parse(template) if part[1] is not None]
        except ValueError as error:
            raise ValueError(f"'{template}': {error}; write it like '{{title}} {{text}}'") from None
        for name, form, conversion in fields:
            if name not in ("title", "text"):
                raise ValueError(f"'{template}': unknown field {{{name}}}: use only {{title}} and {{text}}")
            if form or conversion:
                raise ValueError(f"'{template}': {{{name}}} has a format: write only {{title}} and {{text}}")
        if "text" not in [name for name, _, _ in fields]:
            raise ValueError(f"'{template}': {{text}} is missing: add it, or documents would have no text")
        return template
