"""Causal language models that are asked whether the passage answers the query: bge-reranker-v2-gemma, Qwen3-Reranker."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from listill.errors import UserError
from listill.section import Count, Section
from listill.teachers.answers import AnsweringReranker
from listill.teachers.reranker import unknown

if TYPE_CHECKING:
    import torch

    from listill.teachers.prompts import Tokens
    from listill.teachers.scorer import Scorer


class Layerwise(Section):
    """Of models that can stop early and merge tokens on the way (BGE gemma2 lightweight)."""

    cutoff: Count = Field(25, description="the layer whose head is asked")
    compress_ratio: Literal[1, 2, 4, 8] = Field(2, description="so many tokens become one; 1: none are merged")
    compress_layers: list[Count] = Field([8], description="the layers before which tokens are merged")


class Causal(AnsweringReranker):
    """A language model that is asked whether the passage answers the query."""

    architecture: ClassVar = "ForCausalLM"
    auto_class: ClassVar = "AutoModelForCausalLM"

    kind: Literal["causal"] = Field(description="a decoder; the logits of yes and no")
    format: Literal["bge-gemma", "bge-gemma-lightweight", "qwen3-reranker", "mxbai-v2"] | None = Field(
        None, description="prompt and answer of this kind of model; known models need none"
    )
    instruction: str | None = Field(
        None, description="what {instruction} in the prompt becomes: the task in a sentence"
    )
    layerwise: Layerwise = Field(Layerwise(), description="for format bge-gemma-lightweight")

    @model_validator(mode="after")
    def _is_known(self) -> "Causal":
        if self.exits_early and not self.trust_remote_code:
            raise ValueError(
                f"model {self.model} runs code of its own: read it, then set trust_remote_code: true and a revision"
            )
        if not self.prompt or not (self.true_token or self.exits_early):
            raise ValueError(unknown(self.model, self.kind))
        if any("{instruction}" in piece for piece in self.prompt) and not self.instruction:
            raise ValueError("prompt: it has {instruction}; set instruction")
        return self

    @property
    def exits_early(self) -> bool:
        """Whether the model has a head per layer and merges tokens on the way, by the code that comes with it."""
        return self.format == "bge-gemma-lightweight"

    def prepare(self, scorer: "Scorer") -> None:
        """Reduce the output layer to the rows of the answers, if the model answers in words."""
        if not self.exits_early:
            super().prepare(scorer)

    def forward(self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[Tokens]") -> "torch.Tensor":
        """Return the scores [n]: the answer at the last token.

        Batches are padded on the right: a token sees only what is before it, so padding changes neither its position nor its
        answer.
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
        self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[Tokens]"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Return the logits of the layer ``cutoff`` [n, tokens], and the place of each last token [n]."""
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
                f"model {self.model}: its own code does not run with transformers {version}: {error}"
            ) from None
        # Merged tokens: the sequence is shorter than the input.
        return out.logits[0], out.attention_masks[0].sum(dim=1).long() - 1
