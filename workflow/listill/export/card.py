"""The model card of an exported model, in the form that the Hugging Face hub and MTEB read.

The front matter follows https://huggingface.co/docs/hub/model-cards; huggingface_hub writes it, with the results as
``model-index``.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from huggingface_hub import EvalResult, ModelCardData

from listill.export.results import Figures
from listill.measure_names import MTEB_NAMES, parse_measure

TAGS = [
    "sentence-transformers",
    "sentence-similarity",
    "feature-extraction",
    "dense-retrieval",
    "distillation",
    "listill",
]


@dataclass(frozen=True)
class Card:
    """What the card says; all texts are Markdown. ``hub_base`` and ``licence_id`` are as the hub names them, if known."""

    name: str
    corpus: str
    trained_on: list[str]
    base: str
    hub_base: str | None
    language: str
    language_code: str | None
    licence_id: str | None
    licence: str
    query_prompt: str
    document_prompt: str
    template: str
    max_length: int
    dimension: int
    similarity: str
    pooling: str
    query_only: bool
    documents: int
    source: str
    generator: str
    teachers: str
    trained: str
    losses: str
    temperatures: str
    weights: str
    kept: str
    versions: str
    fingerprint: str
    check: str
    onnx: bool
    int8: str
    figures: Figures


def front_matter(card: Card) -> str:
    """Return the YAML front matter, without its lines of dashes."""
    figures = card.figures
    results = [
        EvalResult(
            task_type="information-retrieval",
            task_name="Information Retrieval",
            dataset_type=card.corpus,
            dataset_name=f"{card.corpus} ({figures.split})",
            dataset_split=figures.split,
            metric_type=_metric_type(measure),
            metric_name=measure,
            metric_value=round(value, 4),
        )
        for measure, value in figures.values.items()
    ]
    data = ModelCardData(
        model_name=card.name,
        base_model=card.hub_base,
        language=card.language_code,
        license=card.licence_id,
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        tags=[*TAGS, *(["onnx"] if card.onnx else [])],
        eval_results=results or None,
    )
    return data.to_yaml()


def _metric_type(measure: str) -> str:
    """Return the name of a measure as MTEB has it: ndcg_at_10 for nDCG@10."""
    name, cut = parse_measure(measure)
    return f"{MTEB_NAMES[name]}_at_{cut}"


def text(card: Card) -> str:
    """Return the whole model card."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    fields: dict[str, Any] = {
        one.name: getattr(card, one.name) for one in dataclasses.fields(card) if one.name != "figures"
    }
    fields |= dataclasses.asdict(card.figures)
    body = environment.get_template("card.md.j2").render(about=fields)
    return f"---\n{front_matter(card)}\n---\n\n{body}"
