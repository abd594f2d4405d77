"""The score of models that answer in words: the logit of yes, less that of no where the model was trained with both.

With both, the sigmoid of the score is the softmax over the two, which monoT5's paper (arXiv 2003.06713) and Qwen3-Reranker's
(arXiv 2506.05176) call the score: the same order, and not squashed.
"""

import torch

from listill.errors import UserError
from listill.settings import T5, Causal
from listill.teachers.heads import keep_answers
from listill.teachers.scorer import Scorer


class Answering(Scorer):
    """A language model of which only the logits of the answers are computed."""

    def __init__(self, member: T5 | Causal) -> None:
        super().__init__(member)
        words = [word for word in (member.true_token, member.false_token) if word is not None]
        keep_answers(self.model, [self._token(word) for word in words])

    def _token(self, word: str) -> int:
        token = self.tokenizer.convert_tokens_to_ids(word)
        if token is None or (token == self.tokenizer.unk_token_id and word != self.tokenizer.unk_token):
            raise UserError(
                f"model {self.member.model}: '{word}' is not one of its tokens; "
                "say true_token (and false_token) of this teacher"
            )
        return int(token)

    def difference(self, logits: torch.Tensor) -> torch.Tensor:
        """Return yes - no [n] of logits [n, 2], or yes of logits [n, 1]."""
        return logits[:, 0] - logits[:, 1] if logits.shape[1] == 2 else logits[:, 0]
