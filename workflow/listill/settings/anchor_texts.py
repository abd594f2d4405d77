"""Anchor texts: passages of another corpus that a training keeps close to the base model."""

from pydantic import Field

from listill.section import Count, Name, Section


class AnchorTexts(Section):
    """Passages of another corpus, general text for example, that the losses `anchor` and `anchor_kl` keep, too."""

    corpus: Name = Field(description="a name in `corpora`; a corpus on which nothing else is done costs its encoding")
    passages: Count = Field(16, description="passages of this corpus in each step")
