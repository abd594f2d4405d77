"""T5 rerankers: the score is computed from the logits of the first decoding step, without a decoding loop.

In RankT5 (Zhuang et al. 2023, arXiv 2210.10634), it is the logit of an unused token. In monoT5 (Nogueira et al. 2020,
arXiv 2003.06713), it is the logit of true minus the logit of false.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from listill.teachers.answers import AnsweringReranker
from listill.teachers.reranker import unknown_format

if TYPE_CHECKING:
    import torch

    from listill.teachers.prompts import PairTokens
    from listill.teachers.scorer import Scorer


class T5(AnsweringReranker):
    """RankT5, monoT5 and similar models, which score with the first decoding step."""

    architecture: ClassVar = "T5ForConditionalGeneration"
    auto_class: ClassVar = "AutoModelForSeq2SeqLM"

    kind: Literal["t5"] = Field(description="an encoder-decoder; one decoding step")
    format: Literal["rankt5", "monot5", "mmarco-mt5"] | None = Field(
        None, description="the prompt and answer tokens; known models do not need it"
    )

    @model_validator(mode="after")
    def _check_format(self) -> "T5":
        if not self.prompt or not self.true_token:
            raise ValueError(unknown_format(self.model, self.kind))
        return self

    def forward(self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[PairTokens]") -> "torch.Tensor":
        """Return the scores [n], computed from the logits of the first decoder token."""
        import torch

        start_id = scorer.model.config.decoder_start_token_id
        decoder_ids = torch.full((len(tokens), 1), start_id, dtype=torch.int64, device=scorer.device)
        return self.difference(scorer.model(**batch, decoder_input_ids=decoder_ids, use_cache=False).logits[:, 0])
