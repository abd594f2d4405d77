"""Causal language models that judge the relevance of a passage, such as bge-reranker-v2-gemma and Qwen3-Reranker."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from listill.errors import UserError
from listill.section import Count, Section
from listill.teachers.answers import AnsweringReranker
from listill.teachers.reranker import unknown_format

if TYPE_CHECKING:
    import torch

    from listill.teachers.prompts import PairTokens
    from listill.teachers.scorer import Scorer


class Layerwise(Section):
    """Settings of models with early exit and token compression (bge-reranker-v2.5-gemma2-lightweight)."""

    cutoff: Count = Field(25, description="the layer after which the model stops; its head gives the score")
    compress_ratio: Literal[1, 2, 4, 8] = Field(
        2, description="number of tokens that are merged into one; 1: no tokens are merged"
    )
    compress_layers: list[Count] = Field([8], description="the layers before which tokens are merged")


class Causal(AnsweringReranker):
    """A causal language model that judges whether the passage is relevant to the query."""

    architecture: ClassVar = "ForCausalLM"
    auto_class: ClassVar = "AutoModelForCausalLM"

    kind: Literal["causal"] = Field(description="a decoder; the score is the logit of yes, or yes minus no")
    format: Literal["bge-gemma", "bge-gemma-lightweight", "qwen3-reranker", "mxbai-v2"] | None = Field(
        None, description="the prompt and answer tokens; known models do not need it"
    )
    instruction: str | None = Field(
        None, description="text that replaces {instruction} in the prompt: the task in one sentence"
    )
    layerwise: Layerwise = Field(Layerwise(), description="for format bge-gemma-lightweight")

    @model_validator(mode="after")
    def _check_format(self) -> "Causal":
        if self.exits_early and not self.trust_remote_code:
            raise ValueError(
                f"model {self.model}: needs code of its own: read it, then set trust_remote_code: true and a revision"
            )
        if not self.prompt or not (self.true_token or self.exits_early):
            raise ValueError(unknown_format(self.model, self.kind))
        if any("{instruction}" in piece for piece in self.prompt) and not self.instruction:
            raise ValueError("instruction is missing: the prompt contains {instruction}; set instruction")
        return self

    @property
    def exits_early(self) -> bool:
        """Whether the model has a head per layer and merges tokens, as implemented by the code that comes with it."""
        return self.format == "bge-gemma-lightweight"

    def prepare(self, scorer: "Scorer") -> None:
        """Reduce the output layer to the rows of the answer tokens, if the model has answer tokens."""
        if not self.exits_early:
            super().prepare(scorer)

    def forward(self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[PairTokens]") -> "torch.Tensor":
        """Return the scores [n], computed from the logits at the last token.

        Batches are padded on the right. Each token attends only to the tokens before it, so padding affects neither the
        position nor the logits of the last token.
        """
        import torch

        rows = torch.arange(len(tokens), device=scorer.device)
        if self.exits_early:
            logits, last = self._early_exit(scorer, batch, tokens)
            return logits[rows, last].float()
        logits = scorer.model(**batch, use_cache=False).logits
        last = torch.tensor([len(pair.ids) - 1 for pair in tokens], device=scorer.device)
        return self.difference(logits[rows, last])

    def _early_exit(
        self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[PairTokens]"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Return the logits of the layer ``cutoff`` [n, tokens], and the position of each last token [n]."""
        import transformers

        layers = self.layerwise
        try:
            out = scorer.model(
                **batch,
                output_hidden_states=True,
                cutoff_layers=[layers.cutoff],
                compress_ratio=layers.compress_ratio,
                compress_layer=layers.compress_layers,
                query_lengths=[pair.before for pair in tokens],
                prompt_lengths=[pair.after for pair in tokens],
            )
        except (TypeError, AttributeError) as error:
            version = transformers.__version__
            raise UserError(
                f"model {self.model}: its code does not run with transformers {version} ({error}); install a version "
                "of transformers that the model supports"
            ) from None
        # Tokens are merged, so the sequence is shorter than the input.
        return out.logits[0], out.attention_masks[0].sum(dim=1).long() - 1
