"""Rerankers that generate an answer token, such as yes or no.

The score is the logit of yes, or the logit of yes minus the logit of no if the model was trained with both. In the
latter case, the sigmoid of the score equals the softmax over the two tokens, which the papers of monoT5 (arXiv
2003.06713) and Qwen3-Reranker (arXiv 2506.05176) define as the score. The order is the same, but differences between
high scores are kept.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from listill.errors import UserError
from listill.teachers.reranker import Reranker

if TYPE_CHECKING:
    import torch

    from listill.teachers.scorer import Scorer


class AnsweringReranker(Reranker):
    """A language model that computes only the logits of the answer tokens."""

    true_token: str | None = Field(None, description="the token whose logit is the score")
    false_token: str | None = Field(None, description="the token whose logit is subtracted from the score")

    def prepare(self, scorer: "Scorer") -> None:
        """Reduce the output layer to the rows of the answer tokens."""
        from listill.teachers.heads import keep_answers

        answers = [token for token in (self.true_token, self.false_token) if token is not None]
        keep_answers(scorer.model, [self._token_id(scorer, token) for token in answers])

    def _token_id(self, scorer: "Scorer", token: str) -> int:
        tokenizer = scorer.tokenizer
        token_id = tokenizer.convert_tokens_to_ids(token)
        if token_id is None or (token_id == tokenizer.unk_token_id and token != tokenizer.unk_token):
            raise UserError(
                f"model {self.model}: '{token}' is not in its vocabulary; set true_token (and false_token) of this "
                "teacher to tokens of the model"
            )
        return int(token_id)

    @staticmethod
    def difference(logits: "torch.Tensor") -> "torch.Tensor":
        """Return the scores [n]: yes minus no for logits [n, 2], or yes for logits [n, 1]."""
        return logits[:, 0] - logits[:, 1] if logits.shape[1] == 2 else logits[:, 0]
