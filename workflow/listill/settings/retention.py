"""Retention: what a student that is trained on one corpus loses on others."""

from typing import Annotated

from pydantic import Field

from listill.section import Distinct, Name, Section


class Retention(Section):
    """The corpora on which trained students are compared with their base models, besides the one that they are trained on."""

    corpora: Annotated[list[Name], Distinct] = Field(
        min_length=1,
        description="names in `corpora`. Students trained on the other corpora are measured on them, too; a corpus on which "
        "nothing is trained gets no report of its own",
    )
    max_loss: float = Field(
        0.005,
        ge=0,
        description="loss of the main measure (nDCG@10, if measured) on such a corpus that is accepted: the report marks a "
        "student red that has significantly lost more",
    )
