"""The evaluation: measures, runs and tests."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from listill.measure_names import SELECTION, parse_measure
from listill.section import Count, Distinct, Positive, Section, Text
from listill.settings.retention import Retention


def _measure(text: str) -> str:
    parse_measure(text)
    return text


def _share(value: float) -> float:
    if not 0 < value <= 1 or round(100 * value) != 100 * value:
        raise ValueError(f"{value:g} is not a share of the lists: give whole hundredths, above 0 and at most 1")
    return value


class Evaluation(Section):
    """How systems are measured and compared."""

    measures: Annotated[list[Annotated[str, AfterValidator(_measure)]], Distinct] = Field(
        [SELECTION, "R@100", "RR@10"],
        min_length=1,
        description="names of measures: nDCG, R, RR, P or AP, each with a cut-off",
    )
    depth: Count = Field(100, description="number of documents of a run")
    fusion_k: Positive = Field(60.0, description="the constant k of reciprocal rank fusion")
    resamples: Count = Field(10000, description="number of resamples of the permutation test and the bootstrap")
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(0.95, description="level of the confidence intervals")
    examples: int = Field(5, ge=0, description="number of won and of lost queries that the report shows")
    trec_runs: bool = Field(False, description="also write every run in TREC format")
    retention: Retention | None = Field(None, description="measurement on corpora that a student is not trained on")
    learning_curve: Annotated[list[Annotated[float, AfterValidator(_share)]], Distinct] = Field(
        [],
        description="shares of the training lists, such as `[0.25, 0.5]`: every variant is also trained on each share, and "
        "the report shows what more queries have brought. The sum of the shares is the cost in trainings of every variant; "
        "all lists (1) are trained on anyway",
    )
    mteb: Annotated[list[Text], Distinct] = Field(
        [],
        description="names of tasks of MTEB, such as `NanoSciFactRetrieval`, on which students are measured before and after "
        "training, except for trainings with `tower: query` (needs the extra `mteb`, and the tasks' data from the hub or its "
        "cache)",
    )

    @model_validator(mode="after")
    def _runs_are_deep_enough(self) -> "Evaluation":
        deepest = max(self.measures, key=lambda measure: parse_measure(measure)[1])
        if parse_measure(deepest)[1] > self.depth:
            raise ValueError(f"depth ({self.depth}) is smaller than the cut-off of {deepest}: raise depth")
        return self
