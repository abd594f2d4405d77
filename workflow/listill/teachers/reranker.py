"""Rerankers: teachers with their own model, which reads a query and a passage together."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from listill.models.model_settings import ModelSettings
from listill.source_files import model_files
from listill.teachers.formats import format_of, formats
from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    import numpy as np
    import torch

    from listill.teachers.pairs import Pairs
    from listill.teachers.prompts import PairTokens
    from listill.teachers.resources import Resources
    from listill.teachers.scorer import Scorer

Piece = Annotated[str, Field(min_length=1)]
FIELDS = ("query", "document")


class Reranker(Teacher, ModelSettings):
    """The base class of all rerankers. A member implements ``forward``."""

    prompt: list[Piece] | None = Field(
        None, description="list of separately tokenised pieces, one with {query} and a later one with {document}"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_format(cls, data: Any) -> Any:
        """Fill in the format of a known model, so that the frozen settings contain everything the scores depend on."""
        if not isinstance(data, dict) or not isinstance(data.get("model"), str):
            return data
        known, kind = format_of(data["model"]), data.get("kind")
        if known and known.kind != kind:
            raise ValueError(f"model {data['model']} is not of kind {kind}; set kind: {known.kind}")
        chosen = formats().get(str(data["format"])) if data.get("format") else known
        if chosen is None or "format" not in cls.model_fields:
            return data
        defaults = {key: value for key in cls.model_fields if (value := getattr(chosen, key, None)) is not None}
        given = {key: value for key, value in data.items() if value is not None}
        return {**defaults, "format": chosen.name, **given}

    @model_validator(mode="after")
    def _check_prompt(self) -> "Reranker":
        if not self.prompt:
            return self
        pieces = {name: [i for i, piece in enumerate(self.prompt) if f"{{{name}}}" in piece] for name in FIELDS}
        if any(len(pieces[name]) != 1 for name in FIELDS) or pieces["query"] >= pieces["document"]:
            raise ValueError("prompt: exactly one piece must contain {query}, and exactly one later piece {document}")
        return self

    def files(self) -> list[str]:
        """Return the files of the model's folder; if one changes, the pairs are scored again."""
        return model_files(self.model, self.onnx)

    def identity(self, resources: "Resources") -> str:
        """Check that the model is of this kind and return its commit or checksum."""
        from listill.models.checkpoint import inspect

        return inspect(self)

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the score of each pair [pairs]."""
        (scores,) = self.score_parts([pairs], resources)
        return scores

    def score_parts(self, parts: "Iterable[Pairs]", resources: "Resources") -> "Generator[np.ndarray, None, None]":
        """Yield the scores of each part; the next one is tokenised while the model scores."""
        from listill.teachers.scorer import Scorer

        return resources.loaded(self, Scorer).score_parts(parts)

    def prepare(self, scorer: "Scorer") -> None:
        """Check and adapt the loaded model (``scorer.model``, ``scorer.tokenizer``) before it scores."""

    def forward(self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[PairTokens]") -> "torch.Tensor":
        """Return the raw scores [n] of a padded batch.

        ``batch`` has ``input_ids`` and ``attention_mask``, and ``token_type_ids`` if the model uses them.
        """
        raise NotImplementedError


def unknown_format(model: str, kind: str) -> str:
    """Return the error message for a model whose prompt and answer tokens are unknown."""
    names = ", ".join(name for name, entry in formats().items() if entry.kind == kind)
    return f"model {model} is not a known model; set its format ({names}), or its prompt and true_token"
