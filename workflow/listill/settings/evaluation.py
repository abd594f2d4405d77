"""What is measured."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from listill.measure_names import SELECTION, parse_measure
from listill.section import Count, Positive, Section


def _measure(text: str) -> str:
    parse_measure(text)
    return text


class Evaluation(Section):
    """What is measured."""

    measures: list[Annotated[str, AfterValidator(_measure)]] = Field(
        [SELECTION, "R@100", "RR@10"], min_length=1, description="nDCG, R, RR, P or AP, each with a cut-off"
    )
    depth: Count = Field(100, description="documents of a run")
    fusion_k: Positive = Field(60.0, description="constant of reciprocal rank fusion")
    resamples: Count = Field(10000, description="of the permutation test and of the bootstrap")
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(0.95, description="of the interval")
    examples: int = Field(5, ge=0, description="won and lost queries in the report")
    trec_runs: bool = Field(False, description="also write every run in TREC format")

    @model_validator(mode="after")
    def _runs_are_deep_enough(self) -> "Evaluation":
        deepest = max(self.measures, key=lambda measure: parse_measure(measure)[1])
        if parse_measure(deepest)[1] > self.depth:
            raise ValueError(f"depth ({self.depth}) is less than {deepest} looks at")
        return self
