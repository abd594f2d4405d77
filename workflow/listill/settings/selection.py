"""Which weights of a training are kept."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from listill.section import Count, Distinct, Name, Section


def _yaml_no(value: Any) -> Any:
    return "no" if value is False else value  # an unquoted `no` in YAML 1.1


class Elsewhere(Section):
    """Corpora on which the kept weights must not lose."""

    corpora: Annotated[list[Name], Distinct] = Field(
        min_length=1,
        description="names in `corpora` on which the variant is not trained. Their train and dev topics are searched, or "
        "their synthetic dev queries if they have no topics but queries",
    )
    max_loss: float = Field(
        0.005,
        ge=0,
        description="loss of nDCG@10 on such a corpus, measured on a sample like that of the corpus itself, that is accepted",
    )


class Selection(Section):
    """Which weights are kept: those with the best nDCG@10 on dev queries."""

    base: bool = Field(
        True,
        description="whether the untrained base model is a candidate; false: trained weights are kept even if the base "
        "model is better on dev queries, as in the papers",
    )
    evaluations: Count = Field(4, description="number of measurements during training")
    patience: Count | None = Field(
        None,
        description="early stopping: stop after this many measurements that are no better than the best step before; "
        "default: never",
    )
    average: Count | None = Field(
        None, description="the mean of the weights at this many last measurements is also a candidate"
    )
    merge: Annotated[Literal["no", "report", "use"], BeforeValidator(_yaml_no)] = Field(
        "no",
        description="report: measure mixtures of the base model's and the best weights; use: the best mixture is also "
        "a candidate",
    )
    retention: Elsewhere | None = Field(
        None,
        description="weights that lose more than is accepted on other corpora are not kept. With `merge: use`, mixtures are "
        "tried from the weights that are best on the dev queries, whatever these lose",
    )
    queries: Count = Field(300, description="maximum number of dev queries, sampled with the seed")
    documents: Count = Field(
        5000,
        description="number of documents that are searched during training; for a larger corpus, these are the relevant "
        "documents, the top documents of BM25 and of the base model for each query, and a random sample. Whether the best "
        "weights replace the base model is decided on the whole corpus",
    )
