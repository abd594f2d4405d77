"""Rerankers: the teachers that are models of their own and read a query and a passage together."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from listill.models.model_settings import ModelSettings
from listill.source_files import model_files
from listill.teachers.formats import format_of, formats
from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np
    import torch

    from listill.teachers.pairs import Pairs
    from listill.teachers.prompts import Tokens
    from listill.teachers.resources import Resources
    from listill.teachers.scorer import Scorer

Piece = Annotated[str, Field(min_length=1)]
FIELDS = ("query", "document")


class Reranker(Teacher, ModelSettings):
    """What all rerankers have. A member says what a batch goes through: ``forward``."""

    prompt: list[Piece] | None = Field(
        None, description="pieces, tokenised apart, one with {query} and a later one with {document}"
    )

    @model_validator(mode="before")
    @classmethod
    def _as_the_model_wants(cls, data: Any) -> Any:
        """Fill in the format of a known model, so that the frozen settings contain all that the scores depend on."""
        if not isinstance(data, dict) or not isinstance(data.get("model"), str):
            return data
        known, kind = format_of(data["model"]), data.get("kind")
        if known and known.kind != kind:
            raise ValueError(f"model {data['model']} is of kind {known.kind}, not {kind}")
        chosen = formats().get(str(data["format"])) if data.get("format") else known
        if chosen is None or "format" not in cls.model_fields:
            return data
        filled = {key: value for key in cls.model_fields if (value := getattr(chosen, key, None)) is not None}
        given = {key: value for key, value in data.items() if value is not None}
        return {**filled, "format": chosen.name, **given}

    @model_validator(mode="after")
    def _prompt_is_whole(self) -> "Reranker":
        if not self.prompt:
            return self
        places = {name: [i for i, piece in enumerate(self.prompt) if f"{{{name}}}" in piece] for name in FIELDS}
        if any(len(places[name]) != 1 for name in FIELDS) or places["query"] >= places["document"]:
            raise ValueError("prompt: one piece must have {query} and a later one {document}")
        return self

    def files(self) -> list[str]:
        """Return what tells that the model's folder has changed."""
        return model_files(self.model)

    def identity(self) -> str:
        """Return the commit or checksum of the model, after checking that it is of this kind."""
        from listill.models.checkpoint import inspect

        return inspect(self)

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the score of each pair [pairs]."""
        from listill.teachers.scorer import Scorer

        return resources.loaded(self, Scorer).score(pairs)

    def prepare(self, scorer: "Scorer") -> None:
        """Check and adapt the loaded model (``scorer.model``, ``scorer.tokenizer``) before it scores."""

    def forward(self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[Tokens]") -> "torch.Tensor":
        """Return the raw scores [n] of a padded batch (``input_ids``, ``attention_mask``, maybe ``token_type_ids``)."""
        raise NotImplementedError


def unknown(model: str, kind: str) -> str:
    """Return the message about a model whose prompt and answer are not known."""
    names = ", ".join(name for name, known in formats().items() if known.kind == kind)
    return f"model {model} is not known: say its format ({names}), or its prompt and true_token; they are not guessed"
