"""The estimate of what a run takes: rates that are known, and prices."""

from typing import Annotated

from pydantic import Field

from listill.section import Name, Positive, Section

RateName = Annotated[str, Field(pattern=r"^[a-z]+(\.[A-Za-z0-9][A-Za-z0-9_-]*)?$")]


class Estimate(Section):
    """What `snakemake estimate` cannot measure. No stage depends on it."""

    rates: dict[RateName, Positive] = Field(
        {},
        description="rates of this machine that replace measured ones, in units a second. `encode.<student>`, "
        "`train.<student>` and `score.<teacher>`: tokens; `pairs.<teacher>`: pairs; `generate`: queries of a language model",
    )
    price_per_hour: dict[Name, Positive] = Field(
        {},
        description="price of an hour, in a currency of your choice, by machine: `here`, or a name in "
        "`estimate/machines.yaml`",
    )
