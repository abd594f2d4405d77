"""Anchor texts: passages of another corpus that a training keeps close to the base model."""

from pydantic import Field

from listill.section import Count, Name, Section


class AnchorTexts(Section):
    """Passages of another corpus, general text for example, that the losses `anchor` and `anchor_kl` keep, too."""

    corpus: Name = Field(
        description="a name in `corpora` on which the variant is not trained (see `corpora` of the variants). If nothing "
        "else is done with this corpus, it costs its encoding; joint trainings are evaluated on all corpora, on this one, too"
    )
    passages: Count = Field(16, description="passages of this corpus in each step")
