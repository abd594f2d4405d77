"""Settings of joint trainings: one student is trained on several corpora."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from listill.errors import nearest
from listill.section import Distinct, Name, Positive, Section, Share
from listill.settings.training import no_suffix

# The other folders in results/joint/.
FOLDERS = ("config", "logs", "benchmarks")


class Turns(Section):
    """The order of the steps of several corpora; see `training/turns.py` for the formulas."""

    order: Literal["alternate", "proportional", "temperature"] = Field(
        "alternate",
        description="which corpus has the next step. alternate: the corpora take turns, and a corpus whose lists are used up "
        "in this epoch is passed over; proportional: it is drawn in proportion to its remaining lists; temperature: it is "
        "drawn in proportion to the number of its lists to the power of `exponent`",
    )
    exponent: Share = Field(
        0.5, description="the power in the order `temperature`: with 0, all corpora are equally probable"
    )
    weights: dict[Name, Positive] = Field(
        {},
        description="factors of the corpora's probabilities or, in the order `alternate`, of the number of their steps per "
        "turn; default: 1. They only move the steps of a corpus towards the beginning of the epoch: every list is used "
        "once per epoch",
    )


ALTERNATE = Turns()


class Joint(Turns):
    """One student that is trained on several corpora, and evaluated on all corpora of the config."""

    corpora: Annotated[list[Name], Field(min_length=1), Distinct] = Field(
        description="the corpora whose lists it is trained on; they take turns in this order"
    )
    student: Name = Field(description="the student that is trained")
    variant: Name = Field(
        "listwise",
        description="the variant of `training.variants` whose settings and lists are used; its `corpora` and `students` do "
        "not matter here",
    )

    @model_validator(mode="after")
    def _exponent_is_used(self) -> "Joint":
        if "exponent" in self.model_fields_set and self.order != "temperature":
            raise ValueError("exponent: only `order: temperature` uses it: remove the key, or set the order")
        return self

    @model_validator(mode="after")
    def _weights_of_corpora(self) -> "Joint":
        for name in self.weights:
            if name not in self.corpora:
                raise ValueError(f"weights: '{name}' is not among the corpora{nearest(name, self.corpora)}")
        return self


def check_name(name: str, variants: dict[str, object]) -> None:
    """Raise ValueError if a joint training may not have this name, given the variants by name."""
    if name in FOLDERS:
        raise ValueError(f"joint.{name}: results/joint/{name} is a folder of the workflow: rename it")
    if name in variants:
        raise ValueError(
            f"joint.{name}: training.variants has the same name, and both systems would be <student>.{name}: rename one"
        )
    try:
        no_suffix(name)
    except ValueError as error:
        raise ValueError(f"joint: {error}") from None
