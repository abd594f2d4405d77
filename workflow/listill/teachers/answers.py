"""Rerankers that answer in words: the score is the logit of yes, minus the logit of no where the model was trained with both.

With both, the sigmoid of the score is the softmax over the two, which monoT5's paper (arXiv 2003.06713) and Qwen3-Reranker's
(arXiv 2506.05176) call the score: the same order, and not squashed.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from listill.errors import UserError
from listill.teachers.reranker import Reranker

if TYPE_CHECKING:
    import torch

    from listill.teachers.scorer import Scorer


class AnsweringReranker(Reranker):
    """A language model of which only the logits of the answers are computed."""

    true_token: str | None = Field(None, description="the token whose logit is the score")
    false_token: str | None = Field(None, description="the token whose logit is subtracted from the score")

    def prepare(self, scorer: "Scorer") -> None:
        """Reduce the output layer to the rows of the answers."""
        from listill.teachers.heads import keep_answers

        words = [word for word in (self.true_token, self.false_token) if word is not None]
        keep_answers(scorer.model, [self._token(scorer, word) for word in words])

    def _token(self, scorer: "Scorer", word: str) -> int:
        tokenizer = scorer.tokenizer
        token = tokenizer.convert_tokens_to_ids(word)
        if token is None or (token == tokenizer.unk_token_id and word != tokenizer.unk_token):
            raise UserError(
                f"model {self.model}: '{word}' is not one of its tokens; set true_token (and false_token) of this teacher"
            )
        return int(token)

    @staticmethod
    def difference(logits: "torch.Tensor") -> "torch.Tensor":
        """Return yes - no [n] of logits [n, 2], or yes of logits [n, 1]."""
        return logits[:, 0] - logits[:, 1] if logits.shape[1] == 2 else logits[:, 0]
