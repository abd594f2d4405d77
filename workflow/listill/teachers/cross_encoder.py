"""Cross-encoders: a transformer reads query and passage together, and a classification head gives the score.

Loaded with transformers rather than sentence-transformers' CrossEncoder, whose model this is: CrossEncoder puts a random
head on a checkpoint that has none, and says so only in a log.
"""

import numpy as np
import torch

from listill.errors import UserError
from listill.settings import CrossEncoder
from listill.teachers.heads import classify_in_float32
from listill.teachers.pairs import Pairs, Resources
from listill.teachers.prompts import Tokens
from listill.teachers.scorer import Batch, Scorer


class Classifier(Scorer):
    """The logit of a model with one output; of several, the log-odds of the class ``label``."""

    member: CrossEncoder

    def __init__(self, member: CrossEncoder) -> None:
        super().__init__(member)
        outputs = self.model.config.num_labels
        if outputs > 1 and (member.label is None or member.label >= outputs):
            names = ", ".join(f"{i}: {name}" for i, name in sorted(self.model.config.id2label.items()))
            raise UserError(f"model {member.model}: has {outputs} outputs ({names}); set label to the one for relevant")
        self.model.config.pad_token_id = self.tokenizer.pad_token_id
        classify_in_float32(self.model)

    def forward(self, batch: Batch, tokens: list[Tokens]) -> torch.Tensor:
        """Return the logits of relevance [n]."""
        logits = self.model(**batch).logits.float()
        if logits.shape[1] == 1:
            return logits[:, 0]
        assert self.member.label is not None
        others = [i for i in range(logits.shape[1]) if i != self.member.label]
        return logits[:, self.member.label] - logits[:, others].logsumexp(dim=1)


def score(member: CrossEncoder, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Return the logit of each pair."""
    return resources.loaded(member, Classifier).score(pairs)
