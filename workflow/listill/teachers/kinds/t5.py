"""T5 rerankers: the logits of the first decoding step, without a decoding loop.

RankT5 (Zhuang et al. 2023, arXiv 2210.10634): the logit of an unused token. monoT5 (Nogueira et al. 2020, arXiv 2003.06713):
true against false.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from listill.teachers.answers import AnsweringReranker
from listill.teachers.reranker import unknown

if TYPE_CHECKING:
    import torch

    from listill.teachers.prompts import Tokens
    from listill.teachers.scorer import Scorer


class T5(AnsweringReranker):
    """RankT5, monoT5 and models like them: the answer of the first decoding step."""

    architecture: ClassVar = "T5ForConditionalGeneration"
    auto_class: ClassVar = "AutoModelForSeq2SeqLM"

    kind: Literal["t5"] = Field(description="an encoder-decoder; one decoding step")
    format: Literal["rankt5", "monot5", "mmarco-mt5"] | None = Field(
        None, description="prompt and answer of this kind of model; known models need none"
    )

    @model_validator(mode="after")
    def _is_known(self) -> "T5":
        if not self.prompt or not self.true_token:
            raise ValueError(unknown(self.model, self.kind))
        return self

    def forward(self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[Tokens]") -> "torch.Tensor":
        """Return the scores [n] of an encoder-decoder that is asked for its first token."""
        import torch

        start = scorer.model.config.decoder_start_token_id
        begin = torch.full((len(tokens), 1), start, dtype=torch.int64, device=scorer.device)
        return self.difference(scorer.model(**batch, decoder_input_ids=begin, use_cache=False).logits[:, 0])
