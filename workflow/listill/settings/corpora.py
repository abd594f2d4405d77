"""Where a corpus comes from, and how its documents are read."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.families import union
from listill.section import Count, Section, Share

if TYPE_CHECKING:
    from listill.corpus.source import Source as AnySource
else:
    AnySource = union("sources")


class Corpus(Section):
    """One corpus: where it comes from and how its documents are read."""

    source: AnySource = Field(description="where documents, topics and judgements come from")
    template: str = Field("{title} {text}", description="text of a document, the same in every stage")
    empty_text: Literal["error", "title", "keep"] = Field(
        "error",
        description="a document without text is an error; title: its title is enough; keep: it stays, and gets no queries",
    )
    dev_share: Share = Field(0.2, description="share of the train topics that become dev topics if the set has none")
    heldout: int = Field(
        100,
        ge=0,
        description="passages that never train, for synthetic test queries (and as many for dev if no topics)",
    )
    topics_are_documents: bool = Field(
        False,
        description="a topic is itself a document, under the same id, and no answer to itself (ArguAna): it leaves the "
        "candidates and runs of its topic",
    )
    passages: Count | None = Field(
        None, description="passages that get queries; default: as `generation.passages` says for all corpora"
    )
    passages_from: Literal["all", "relevant"] = Field(
        "all", description="which get queries; relevant: those that are relevant to a human train topic"
    )
